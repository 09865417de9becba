"""The system user that the embedded server runs as: ourselves, or an unprivileged one where we are root."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator_admin.embedded.errors import EmbeddedPostgresError


@dataclass(frozen=True)
class Account:
    """A user, and whether we have to change to it."""

    name: str
    uid: int
    gid: int
    is_other: bool

    @classmethod
    def for_cluster(cls, cluster: Path) -> Account:
        """Return the owner of `cluster`, or who shall own a new one: ourselves, and `nobody` where we are root.

        Raises EmbeddedPostgresError when the cluster belongs to somebody that we cannot become.
        """
        me = os.geteuid()
        uid = cluster.stat().st_uid if cluster.exists() else me or _nobody()
        entry = _entry(uid)
        if me not in {0, uid}:
            raise EmbeddedPostgresError(
                f"The data in {cluster} belong to the user {entry.pw_name}. Run the command as that user, "
                "or name another folder in ORCHESTRATOR_DATA_DIR."
            )
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid, is_other=me != uid)

    @property
    def process_options(self) -> dict[str, Any]:
        """Arguments of `subprocess.run` that make the child run as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.is_other else {}

    def can(self, test: str, path: Path) -> bool:
        """Return what `test -x`, `test -r`… says of `path` when this user asks."""
        command = ["/usr/bin/test", test, str(path)]
        return not self.is_other or subprocess.run(command, cwd="/", **self.process_options).returncode == 0

    def make_folder(self, folder: Path) -> None:
        """Make `folder`, owned by this user and closed to others. Never takes over what somebody else put there."""
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {self.uid, os.geteuid()}:
            raise EmbeddedPostgresError(f"{folder} belongs to somebody else; remove it or use another TMPDIR.")
        if found.st_uid != self.uid:
            os.chown(folder, self.uid, self.gid, follow_symlinks=False)
        if found.st_mode & 0o777 != 0o700:
            folder.chmod(0o700)


def _nobody() -> int:
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        raise EmbeddedPostgresError(
            "PostgreSQL does not run as root, and this machine has no user `nobody` to run it as. "
            "Run the command as an ordinary user, or set DATABASE_URL."
        ) from None


def _entry(uid: int) -> pwd.struct_passwd:
    """Return the account of `uid`; a container may run us as a number without a name."""
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return pwd.struct_passwd((str(uid), "x", uid, os.getegid(), "", "/", "/bin/sh"))
