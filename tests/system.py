"""Starts the product as operators run it: real processes on a real database, which a test may break at will."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.db import connections

from tests.databases import clone_database, connect, drop_database, server

ROOT = Path(__file__).resolve().parent.parent
# Set while coverage measures (bin/test --cover): what the processes execute counts as well.
MEASURED = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
T = TypeVar("T")


class Process:
    """One operating-system process of the system, in a session of its own, with its output in a file."""

    def __init__(self, name: str, command: list[str], env: dict[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("wb") as output:
            self._popen = subprocess.Popen(
                command, cwd=ROOT, env={**MEASURED, **env}, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=_die_with_parent,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def output(self) -> str:
        """Everything that it has written so far, both streams."""
        return self.log.read_text(errors="replace")

    @property
    def returncode(self) -> int | None:
        """Exit code, negative for a signal; None while it runs."""
        return self._popen.poll()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the process and its children: SIGKILL, SIGTERM, SIGSTOP, SIGCONT…"""
        if self.returncode is None:
            os.killpg(self.pid, number)

    def kill_alone(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the process, and not to its children."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def wait(self, timeout: float = 60) -> int:
        """Return the exit code once it has ended; TimeoutExpired when it does not."""
        return self._popen.wait(timeout)

    def end_or_kill(self, timeout: float = 60) -> None:
        """Wait for its end, and force it after `timeout` seconds."""
        try:
            self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            self.wait()

    def stop(self, timeout: float = 60) -> int:
        """Ask it to end, as an operator does, and return its exit code."""
        self.kill(signal.SIGTERM)
        return self.wait(timeout)


class System:
    """Processes that share one fresh database. `env` may be changed before a process is started."""

    def __init__(self, database: str, folder: Path, **env: str) -> None:
        self.database = database
        self.folder = folder
        self.processes: list[Process] = []
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            **MEASURED,
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": os.environ.get("PYTHONWARNINGS", "default"),
            "DATABASE_URL": f"postgresql://orchestrator@/{database}?host={server().socket_dir}",
            "SECRET_KEY": settings.SECRET_KEY,  # the test's own: sessions and secrets that it makes are read there
            "ORCHESTRATOR_APPS": os.environ.get("ORCHESTRATOR_APPS", ""),
            "DJANGO_SETTINGS_MODULE": "orchestrator_admin.settings",
            **env,
        }

    def start(self, name: str, command: list[str], **env: str) -> Process:
        """Start any command in the background."""
        log = self.folder / f"{len(self.processes)}-{name}.log"
        process = Process(name, command, {**self.env, **env}, log)
        self.processes.append(process)
        return process

    def manage(self, *arguments: str, **env: str) -> Process:
        """Start `manage.py ARGUMENTS` in the background."""
        return self.start(arguments[0], [sys.executable, "manage.py", *arguments], **env)

    def run(self, *arguments: str, timeout: float = 60, **env: str) -> Process:
        """Run `manage.py ARGUMENTS` to its end."""
        process = self.manage(*arguments, **env)
        process.wait(timeout)
        return process

    def worker(self, *arguments: str, **env: str) -> Process:
        """Start a worker. It works as soon as it can: wait for what it does, not for it."""
        return self.manage("runworker", *arguments, **env)

    def scheduler(self, *arguments: str, **env: str) -> Process:
        """Start a scheduler."""
        return self.manage("runscheduler", *arguments, **env)

    def web(self, *, wait: bool = True, **env: str) -> Process:
        """Start the web process on `self.port` and wait until it answers."""
        command = [sys.executable, "-m", "orchestrator_admin.web",
                   "--host", "127.0.0.1", "--port", str(self.port)]  # fmt: skip
        process = self.start("web", command, **env)
        if wait:
            self.wait_for(lambda: self.get("/health/", alive=process))
        return process

    def get(self, path: str, *, alive: Process | None = None) -> int:
        """Return the HTTP status of a page, 0 where nobody answers; fail when the process `alive` has ended."""
        if alive and alive.returncode is not None:
            raise AssertionError(f"{alive.name} ended with {alive.returncode}:\n{alive.output}")
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as answer:
            with answer:
                return int(answer.code)
        except OSError:
            return 0

    def wait_for(self, condition: Callable[[], T], timeout: float = 60, every: float = 0.05) -> T:
        """Return the first true value of `condition`, asked again and again; TimeoutError after `timeout` seconds."""
        return wait_until(condition, timeout, every)

    def sql(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Return the rows of one statement, run outside Django and committed at once."""
        with connect(self.database) as connection:
            cursor = connection.execute(statement, parameters or None)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def restart_database(self, mode: str = "fast") -> None:
        """Restart the database server under everybody's feet; `immediate` is a crash. Closes our own connections."""
        connections.close_all()
        server().restart(mode=mode)

    def expire_leases(self) -> None:
        """Let what would take half a minute happen now: leases, and the queue's trust in its workers, run out."""
        self.sql("UPDATE tasks_process SET lease_expires_at = now() - interval '1 second' WHERE status = 'running'")
        self.sql("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")

    def cut_connections(self, application_name: str = "%") -> int:
        """Cut the connections of, say, `orchestrator-worker`; return how many there were."""
        return len(self.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND application_name LIKE %s", application_name,
        ))  # fmt: skip

    def log_in(self, page: Any, user: Any) -> None:
        """Log `user` in on a browser page without the login form, and open the dashboard."""
        from django.test import Client

        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        with_key = self.session_key_for(client)
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": with_key, "url": self.url}])
        page.goto(self.url + "/")

    @staticmethod
    def session_key_for(client: Any) -> str:
        return str(client.cookies[settings.SESSION_COOKIE_NAME].value)

    def end(self) -> None:
        """End every process, by force."""
        for process in self.processes:
            process.kill(signal.SIGTERM if MEASURED else signal.SIGKILL)  # killed, it could not write what it executed
        for process in self.processes:
            process.end_or_kill()

    def close(self) -> None:
        """End every process, by force, and drop the database."""
        self.end()
        drop_database(self.database)


@contextmanager
def fresh_system(folder: Path, blocker: Any) -> Iterator[System]:
    """Make a system on a database of its own, which the ORM in this process uses as well until the end."""
    connections.close_all()
    at_home = settings.DATABASES["default"]["NAME"]
    name = clone_database()
    connections["default"].settings_dict["NAME"] = name
    system = System(name, folder)
    try:
        with blocker.unblock():
            yield system
    finally:
        system.close()
        connections.close_all()
        connections["default"].settings_dict["NAME"] = at_home


def wait_until(condition: Callable[[], T], timeout: float = 60, every: float = 0.05) -> T:
    """Return the first true value of `condition`, asked again and again; TimeoutError after `timeout` seconds."""
    end = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"Nothing true from {condition} within {timeout} s.")
        time.sleep(every)
    return value


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    """Ask the kernel (PR_SET_PDEATHSIG) to kill this child when pytest dies, however it dies."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
