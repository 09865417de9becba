"""What tests of pages share: a reader at a shell, in a clone of the repository."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Shell
from tests.outside import forget_test_workflows
from tests.system import System

ACTIVATE = 'export PATH="{folder}:$PATH"\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The reader's home folder, with a clone in it whose virtual environment is this one."""
    clone = tmp_path / "home" / "orchestrator-admin"
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "activate").write_text(ACTIVATE.format(folder=Path(sys.executable).parent))
    for entry in ROOT.iterdir():
        if not entry.name.startswith("."):
            (clone / entry.name).symlink_to(entry)
    return tmp_path / "home"


@pytest.fixture
def shell(system: System, home: Path) -> Iterator[Shell]:
    """A shell in the clone, on the system's database without the tests' own workflows."""
    forget_test_workflows(system)
    names = ("DATABASE_URL", "SECRET_KEY")
    env = {"PATH": os.environ["PATH"], "HOME": str(home), **{name: system.env[name] for name in names}}
    env |= {"ORCHESTRATOR_DATA_DIR": str(home / "data"), "LANG": "C.UTF-8", "URL": system.url}
    del system.env["ORCHESTRATOR_APPS"]
    shell = Shell(home / "orchestrator-admin", env)
    yield shell
    shell.close()
