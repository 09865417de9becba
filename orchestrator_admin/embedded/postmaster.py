"""Makes a cluster, and starts and stops the one server process on it, without `pg_ctl`.

`pg_ctl` hands paths to a shell, and takes any process that has the recorded number for the server. Here the server is
the process whose number `postmaster.pid` records *and* whose command line names our cluster.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator_admin.embedded.account import Account
from orchestrator_admin.embedded.errors import EmbeddedPostgresError

# A socket's path has room for 107 bytes; PostgreSQL keeps a lock file of a longer name beside it.
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432.lock")
SHORT_FOLDER = Path("/tmp/orchestrator-")  # noqa: S108  with a name of its own behind it
START_SECONDS = 120  # recovery after a crash may take long
STOP_SECONDS = 60
NOBODYS_NUMBER = str(2**31 - 1)  # no Linux gives it to a process
SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "log_checkpoints": "off",
    "log_destination": "stderr",
    "timezone": "UTC",
}


@dataclass(frozen=True)
class Postmaster:
    """The server process of `cluster`, whether it runs or not."""

    cluster: Path
    account: Account
    programs: Path

    @property
    def log(self) -> Path:
        return self.cluster / "server.log"

    def create(self, database: str, lock: int) -> None:
        """Make the cluster with one database in it, in full or not at all.

        The programs hold the file `lock` open: when we are killed, its next holder waits until they have ended too.
        """
        partial = self.cluster.with_name(f"{self.cluster.name}.partial")
        if partial.exists():  # an earlier attempt was cut off
            shutil.rmtree(partial)
        self.account.make_folder(partial)
        self._run("initdb", "-D", str(partial), "-U", "orchestrator", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8",
                  "--no-instructions", lock=lock)  # fmt: skip
        create = f"CREATE DATABASE {database};\n"
        self._run("postgres", "--single", "-D", str(partial), "postgres", typed=create, lock=lock)
        partial.rename(self.cluster)

    def socket_folder(self) -> Path | None:
        """Return the folder of the socket of the running server; None when it does not run."""
        recorded = self._recorded()
        return Path(recorded[4]) if recorded and len(recorded) > 4 and self._is_ours(int(recorded[0])) else None

    def start(self, settings: Mapping[str, str] | None = None) -> Path:
        """Start the server, which does not run; wait until it takes connections, and return its socket's folder.

        `settings` hold until it stops, and go before our own.
        """
        folder = self._new_socket_folder()
        for left_behind in folder.glob(".s.PGSQL.*"):
            left_behind.unlink()
        quoted = str(folder).replace('"', '""')
        given = {**SETTINGS, "unix_socket_directories": f'"{quoted}"', **(settings or {})}
        options = [f"--{name}={value}" for name, value in given.items()]
        end = time.monotonic() + START_SECONDS
        while not self._started(options, end):
            time.sleep(0.2)
        return folder

    def stop(self, mode: str = "fast") -> None:
        """Stop the server if it runs, and wait for it; `mode` is smart, fast or immediate, as in pg_ctl."""
        recorded = self._recorded()
        if recorded is None or not self._is_ours(pid := int(recorded[0])):
            return
        for number in (SIGNALS[mode], signal.SIGQUIT):
            os.kill(pid, number)
            end = time.monotonic() + STOP_SECONDS
            while self._is_ours(pid) and time.monotonic() < end:
                time.sleep(0.01)
            if not self._is_ours(pid):
                self._remove_socket_folder(recorded)
                return
        raise EmbeddedPostgresError(f"The embedded PostgreSQL (process {pid}) does not stop. See {self.log}.")

    def _started(self, options: list[str], end: float) -> bool:
        """Launch the server once. Return False where only patience is missing, raise when it cannot start."""
        # The shell leaves the server to init at once, so that it is nobody's child and outlives whoever started it.
        script = '"$@" </dev/null >>"$0" 2>&1 & echo $!'
        arguments = ["/bin/sh", "-c", script, str(self.log), str(self.programs / "postgres"), "-D", str(self.cluster)]
        seen = self.log.stat().st_size if self.log.exists() else 0
        launched = self._execute([*arguments, *options])
        pid = int(launched.stdout)
        while self._is_ours(pid):
            recorded = self._recorded()
            if recorded and recorded[0] == str(pid) and recorded[-1].strip() == "ready":
                return True
            if time.monotonic() > end:
                raise EmbeddedPostgresError(f"PostgreSQL is not ready after {START_SECONDS} s. See {self.log}.")
            time.sleep(0.01)
        said = self.log.read_bytes()[seen:].decode(errors="replace")
        # Children of a server that was killed take a moment to notice.
        if "pre-existing shared memory block" in said and time.monotonic() < end:
            return False
        if "already exists" in said and self._forget_stranger():
            return False
        raise EmbeddedPostgresError(f"The embedded PostgreSQL did not start: {' '.join(said.split())}")

    def _forget_stranger(self) -> bool:
        """Return whether the recorded number was somebody else's, after having made it nobody's.

        After a reboot it may be any process of this user's, and in a container without an init a dead server's. The
        record itself stays: PostgreSQL finds by it whether children of the old server still use its memory.
        """
        recorded = self._recorded()
        if recorded is None or self._is_ours(int(recorded[0])):
            return False
        (self.cluster / "postmaster.pid").write_text("\n".join([NOBODYS_NUMBER, *recorded[1:], ""]))
        return True

    def _recorded(self) -> list[str] | None:
        """Return the lines of postmaster.pid: number, cluster, start, port, socket folder, address, memory, state."""
        try:
            return (self.cluster / "postmaster.pid").read_text().splitlines() or None
        except FileNotFoundError:
            return None

    def _is_ours(self, pid: int) -> bool:
        """Return whether the process `pid` is a server on this cluster. A zombie is none."""
        for _ in range(100):
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            except (FileNotFoundError, ProcessLookupError):
                return False
            if words != [b""] or state in "ZX":
                return os.fsencode(self.cluster) in words
            time.sleep(0.001)  # it is between two programs, or a thread of the kernel
        return False

    def _new_socket_folder(self) -> Path:
        folder = self.cluster.with_name("run")
        if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER or "," in str(folder):
            self._remove_socket_folder(self._recorded() or [])  # of a server that was killed
            folder = Path(tempfile.mkdtemp(prefix=SHORT_FOLDER.name, dir=SHORT_FOLDER.parent))
        self.account.make_folder(folder)
        return folder

    def _remove_socket_folder(self, recorded: list[str]) -> None:
        """Remove the folder of a socket that was made for it alone, once its server has ended."""
        folder = Path(recorded[4]) if len(recorded) > 4 else self.cluster
        if folder.parent == SHORT_FOLDER.parent and folder.name.startswith(SHORT_FOLDER.name):
            shutil.rmtree(folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str, lock: int, typed: str = "") -> None:
        result = self._execute([str(self.programs / program), *arguments], typed, pass_fds=(lock,))
        if result.returncode:
            raise EmbeddedPostgresError(f"PostgreSQL's {program} failed: {' '.join(result.stdout.split())}")

    def _execute(
        self, command: list[str], typed: str = "", pass_fds: tuple[int, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            command, cwd="/", text=True, input=typed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, pass_fds=pass_fds, env=env, **self.account.process_options,
        )  # fmt: skip
