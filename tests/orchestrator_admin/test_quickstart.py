"""`bin/quickstart` as people meet it, in the environment that runs the tests (which is installed already)."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import psycopg
import pytest

from orchestrator_admin.embedded.server import Server
from tests.system import ROOT, Process, free_port, wait_until

RUNS = re.compile(r"runs at (http://localhost:\d+/)\n  Username: (\S+)\n  Password: (\S+)\n")


class Quickstart:
    """Starts `bin/quickstart` again and again on one data directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data with spaces"
        self.started: list[Process] = []

    def __call__(self, *arguments: str, **env: str) -> Process:
        command = [sys.executable, "-m", "orchestrator_admin.quickstart", *arguments]
        environment = {
            "PATH": "/usr/bin:/bin", "HOME": str(self.folder), "ORCHESTRATOR_DATA_DIR": str(self.data),
            "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT), **env,
        }  # fmt: skip
        log = self.folder / f"{len(self.started)}.log"
        self.started.append(Process("quickstart", command, environment, log))
        return self.started[-1]

    def running(self, *arguments: str, **env: str) -> Process:
        """Start it and wait until it says that it runs."""
        process = self("--port", str(free_port()), *arguments, **env)
        wait_until(lambda: "Ctrl-C stops it" in process.output or process.returncode is not None, 60)
        assert process.returncode is None, process.output
        return process

    def processes(self) -> list[str]:
        """Command lines of everything that runs on the data directory, the database included."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environ, line = (folder / "environ").read_bytes(), (folder / "cmdline").read_bytes()
            except (PermissionError, FileNotFoundError, ProcessLookupError):
                continue
            if str(self.data).encode() in environ + line and line:
                found.append(line.replace(b"\0", b" ").decode().strip())
        return found


@pytest.fixture
def fresh(open_folder: Path) -> Iterator[Quickstart]:
    """Quickstart as it is after a clone."""
    yield from _watched(Quickstart(open_folder))


@pytest.fixture
def quickstart(shared_open_folder: Path) -> Iterator[Quickstart]:
    """Quickstart on data that an earlier start may have left."""
    yield from _watched(Quickstart(shared_open_folder))


def _watched(quickstart: Quickstart) -> Iterator[Quickstart]:
    yield quickstart
    for process in quickstart.started:
        process.kill(signal.SIGTERM)
        process.wait()
    wait_until(lambda: not quickstart.processes())


def log_in(address: str, username: str, password: str) -> str:
    """Log in through the form, as a browser would, and return the page that follows."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with opener.open(address) as answer:
        page, url = answer.read().decode(), answer.url
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token, page
    form = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], "login": username, "password": password})
    with opener.open(urllib.request.Request(url, form.encode(), {"Referer": url})) as answer:
        return str(answer.read().decode())


def test_everything_runs_the_printed_credentials_work_and_ctrl_c_leaves_nothing(fresh: Quickstart) -> None:
    process = fresh.running()
    found = RUNS.search(process.output)
    assert found, process.output

    assert "Tasks" in log_in(found[1], found[2], found[3])
    running = "\n".join(fresh.processes())
    for part in ("manage.py runworker", "manage.py runscheduler", "orchestrator_admin.web", "bin/postgres"):
        assert part in running

    process.kill_alone(signal.SIGINT)
    assert process.wait() == 0, process.output
    assert fresh.processes() == []


def test_a_second_start_keeps_the_data_and_says_what_to_do_without_the_password(fresh: Quickstart) -> None:
    first = fresh.running(ORCHESTRATOR_ADMIN_USERNAME="ada", ORCHESTRATOR_ADMIN_PASSWORD="correct horse battery")
    assert first.stop() == 0

    second = fresh.running()
    address = re.search(r"runs at (\S+)", second.output)
    assert address
    hint = ".venv/bin/python manage.py changepassword ada"
    assert f"\n  Username: ada   Password lost? {hint}\n" in second.output
    assert "Password:" not in second.output
    assert "Tasks" in log_in(address[1], "ada", "correct horse battery")


@pytest.mark.parametrize("name", ["runworker", "runscheduler", "orchestrator_admin.web"])
def test_when_one_of_the_three_dies_all_stop_and_it_counts_as_failure(quickstart: Quickstart, name: str) -> None:
    process = quickstart.running()
    pid = next(
        int(folder.name) for folder in Path("/proc").glob("[0-9]*")
        if name in (line := _read(folder / "cmdline")) and str(quickstart.data) in _read(folder / "environ") and line
    )  # fmt: skip
    os.kill(pid, signal.SIGKILL)

    assert process.wait() == 1
    assert "was ended by signal 9" in process.output
    assert quickstart.processes() == []


def test_a_killed_quickstart_leaves_nothing_running_either(quickstart: Quickstart) -> None:
    process = quickstart.running()
    process.kill_alone(signal.SIGKILL)
    process.wait()

    wait_until(lambda: not quickstart.processes(), 30)


def test_a_taken_port_is_a_clear_message_before_anything_is_made(fresh: Quickstart) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = fresh("--port", str(port))
        assert process.wait() == 1

    assert f"Cannot listen on 127.0.0.1 port {port}: Address already in use." in process.output
    assert not fresh.data.exists()


def test_a_second_quickstart_on_the_same_data_says_where_the_first_one_is(quickstart: Quickstart) -> None:
    first = quickstart.running()
    second = quickstart("--port", str(free_port()))

    assert second.wait() == 1
    address = re.search(r"runs at (\S+)", first.output)
    assert address
    assert f"Quickstart runs already, as process {first.pid} at {address[1]}, on the data in" in second.output
    assert first.returncode is None


def test_stopping_it_while_it_prepares_is_no_failure_and_the_next_start_goes_on(fresh: Quickstart) -> None:
    process = fresh("--port", str(free_port()))
    wait_until(lambda: "Applying" in process.output, 60)
    process.kill_alone(signal.SIGTERM)
    assert process.wait() == 0, process.output
    assert fresh.processes() == []

    assert fresh.running().stop() == 0


def test_the_database_survives_being_killed_under_the_running_system(quickstart: Quickstart) -> None:
    process = quickstart.running()
    server = Server(quickstart.data)
    pid = int(server.pid_file.read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)

    wait_until(lambda: server.pid_file.exists() and server.pid_file.read_text().split()[:1] not in ([], [str(pid)]), 60)
    host = server.ensure_running()
    with psycopg.connect(host=str(host), user="orchestrator", dbname="orchestrator") as connection:
        assert connection.execute("SELECT count(*) > 0 FROM django_migrations").fetchone() == (True,)
    server.leave()
    assert process.returncode is None, process.output


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""
