"""Shares one PostgreSQL server from a wheel among our processes, on machines without a database of their own.

Every process that uses the server holds a shared lock on `<data>/users.lock`. The last one to leave stops the server;
a process that dies of kill -9 gives its lock back to the kernel, so nobody has to count.

PostgreSQL refuses to run as root. There the server runs as the system's `nobody`; where that user cannot reach the
data directory or the wheel (under a folder closed to others), the cluster and a copy of the wheel's programs live
under /var/lib/orchestrator-admin, and `<data>/postgres` is a link to the cluster. Permissions of other people's folders
are never widened.
"""

from __future__ import annotations

import atexit
import fcntl
import functools
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from orchestrator_admin.embedded.account import Account
from orchestrator_admin.embedded.errors import EmbeddedPostgresError
from orchestrator_admin.embedded.postmaster import Postmaster
from orchestrator_admin.embedded.wheel import MAJOR, programs

OWN_FOLDER = Path("/var/lib/orchestrator-admin")
DATABASE = "orchestrator"


class Server:
    """One PostgreSQL cluster under `data_dir`, shared by every process that asks for it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.absolute()
        self._users: int | None = None
        self._postmaster: Postmaster | None = None
        os.register_at_fork(after_in_child=self._forget)

    @classmethod
    @functools.cache
    def of(cls, data_dir: Path) -> Server:
        """Return this process's handle on the cluster of `data_dir`."""
        return cls(data_dir)

    @property
    def socket_dir(self) -> Path:
        """Folder of the running server's socket, for psycopg's `host`."""
        return self.ensure_running()

    @property
    def pid_file(self) -> Path:
        """The running server's `postmaster.pid`; its first line is the number of the process."""
        return (self.data_dir / "postgres").resolve() / "postmaster.pid"

    def ensure_running(self) -> Path:
        """Start the server unless it runs, count ourselves among its users, and return its socket's folder.

        Raises EmbeddedPostgresError when the data belong to another major version or user, or it does not start.
        """
        if self._users is not None and self._postmaster and (folder := self._postmaster.socket_folder()):
            return folder
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            with self._door() as lock:
                postmaster = self._postmaster = self._found_or_made(lock)
                folder = postmaster.socket_folder() or postmaster.start()
                self._join()
        except OSError as error:
            raise EmbeddedPostgresError(f"The embedded PostgreSQL cannot use {self.data_dir}: {error}") from error
        return folder

    def leave(self) -> None:
        """Stop using the server, and stop it when nobody else uses it."""
        if self._users is None or self._postmaster is None:
            return
        with self._door():
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                self._postmaster.stop()
            os.close(self._users)
            self._users = None

    def restart(self, *, mode: str = "fast", settings: Mapping[str, str] | None = None) -> None:
        """Restart the server as an operator would, with other `settings` until it stops the next time.

        `mode` is pg_ctl's: smart, fast or immediate.
        """
        self.ensure_running()
        with self._door():
            if self._postmaster:
                self._postmaster.stop(mode)
                self._postmaster.start(settings)

    def _found_or_made(self, lock: int) -> Postmaster:
        """Return the cluster's server, making the cluster where there is none."""
        link = self.data_dir / "postgres"
        if link.is_symlink() and not link.exists():
            raise EmbeddedPostgresError(
                f"{link} points to {link.readlink()}, which is gone. Bring it back or remove the link."
            )
        cluster = link.resolve()
        account = Account.for_cluster(cluster)
        if cluster.exists():
            self._check(cluster, account)
            return Postmaster(cluster, account, self._programs(account))
        if not account.can("-x", self.data_dir):
            cluster = _own_folder() / f"cluster-{secrets.token_hex(6)}" / "postgres"
            _make_open_folder(cluster.parent)
        made = Postmaster(cluster, account, self._programs(account))
        made.create(DATABASE, lock)
        if cluster != link:
            link.symlink_to(cluster)
        return made

    def _check(self, cluster: Path, account: Account) -> None:
        version = (cluster / "PG_VERSION").read_text().strip()
        if version != MAJOR:
            raise EmbeddedPostgresError(
                f"The data in {cluster} belong to PostgreSQL {version}; this release runs PostgreSQL {MAJOR}. "
                "Move them with pg_dump and pg_restore, or name another folder in ORCHESTRATOR_DATA_DIR."
            )
        if not account.can("-x", cluster):
            raise EmbeddedPostgresError(
                f"The user {account.name}, who owns the data in {cluster}, can no longer reach that folder: "
                "a folder above it was closed to others. Open it, or name another folder in ORCHESTRATOR_DATA_DIR."
            )

    def _programs(self, account: Account) -> Path:
        return programs(account, _own_folder() if account.is_other else OWN_FOLDER)

    @contextmanager
    def _door(self) -> Iterator[int]:
        """Let one process (and thread) at a time create, start or stop the server."""
        door = self._lock_file("start.lock")
        try:
            fcntl.flock(door, fcntl.LOCK_EX)
            yield door
        finally:
            os.close(door)

    def _join(self) -> None:
        if self._users is None:
            self._users = self._lock_file("users.lock")
            fcntl.flock(self._users, fcntl.LOCK_SH)
            atexit.register(self.leave)

    def _lock_file(self, name: str) -> int:
        """Open a lock file, which belongs to whoever owns the folder: root must not lock its owner out."""
        file = os.open(self.data_dir / name, os.O_RDWR | os.O_CREAT, 0o600)
        owner = self.data_dir.stat()
        if os.fstat(file).st_uid != owner.st_uid:
            os.fchown(file, owner.st_uid, owner.st_gid)
        return file

    def _forget(self) -> None:
        """In a forked child: the lock is the parent's; the child takes one of its own when it needs the server."""
        if self._users is not None:
            os.close(self._users)
            self._users = None


def _own_folder() -> Path:
    """Return root's folder for clusters and programs that other users must reach but not change."""
    if not OWN_FOLDER.exists():
        _make_open_folder(OWN_FOLDER)
    return OWN_FOLDER


def _make_open_folder(folder: Path) -> None:
    """Make a folder that everybody can pass through, whatever our umask is."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
