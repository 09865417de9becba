"""`bin/server`, `bin/wrapper` and the health checks of containers, as a deployment runs them."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import PREFIX, connect, drop_database, server
from tests.system import ROOT, Process, System

BIN = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def start(system: System, script: str, *arguments: str, **env: str) -> Process:
    return system.start(script, [str(ROOT / "bin" / script), "--port", str(system.port), *arguments], PATH=BIN, **env)


def answers(system: System, process: Process) -> bool:
    return system.get("/health/", alive=process) == 200


def alive(system: System, role: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "orchestrator_admin.alive", role], cwd=ROOT, text=True, capture_output=True, check=False,
        env={**system.env, "PORT": str(system.port)},
    )  # fmt: skip


@pytest.fixture
def empty_database(system: System) -> Iterator[System]:
    """A system whose database has no tables yet."""
    name = f"{PREFIX}_empty"
    with connect("postgres") as postgres:
        postgres.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    system.env["DATABASE_URL"] = f"postgresql://orchestrator@/{name}?host={server().socket_dir}"
    yield system
    for process in system.processes:
        process.kill()
        process.wait()
    drop_database(name)


def test_the_server_migrates_serves_and_ends_on_sigterm_whoever_still_listens(empty_database: System) -> None:
    system = empty_database
    process = start(system, "server")
    system.wait_for(lambda: answers(system, process), 90)
    assert system.get("/accounts/login/") == 200
    assert alive(system, "web").returncode == 0

    with socket.create_connection(("127.0.0.1", system.port)) as listener:
        listener.sendall(b"GET /health/ HTTP/1.1\r\nHost: localhost\r\n")  # and never the end of the request
        assert process.stop() == 0
    assert alive(system, "web").returncode == 1


def test_several_web_processes_share_a_port_and_stop_together(system: System) -> None:
    process = start(system, "server", WEB_CONCURRENCY="2")
    system.wait_for(lambda: answers(system, process))
    assert process.stop() == 0
    assert system.get("/health/") == 0


def test_the_wrapper_runs_scheduler_and_web_and_ends_when_either_dies(system: System) -> None:
    process = start(system, "wrapper")
    system.wait_for(lambda: answers(system, process))
    system.wait_for(lambda: system.get("/health/?require=scheduler") == 200)
    (scheduler,) = system.sql("SELECT pid FROM schedules_schedulerinstance")[0]
    assert alive(system, "scheduler").returncode == 0

    os.kill(scheduler, signal.SIGKILL)
    assert process.wait() == 1
    assert "The scheduler was ended by signal 9." in process.output
    assert system.get("/health/") == 0


def test_the_wrapper_passes_signals_on(system: System) -> None:
    process = start(system, "wrapper")
    system.wait_for(lambda: system.get("/health/?require=scheduler", alive=process) == 200)

    process.kill_alone(signal.SIGTERM)
    assert process.wait() == 0
    assert "scheduler_stopped" in process.output


def test_the_health_check_of_a_worker_tells_its_heartbeat_from_none(system: System) -> None:
    assert "No heartbeat" in alive(system, "worker").stderr
    worker = system.worker()
    system.wait_for(lambda: alive(system, "worker").returncode == 0)
    worker.kill()
    worker.wait()
    system.sql("UPDATE tasks_workerinstance SET heartbeat_at = now() - interval '3 min'")

    found = alive(system, "worker")
    assert found.returncode == 1
    assert re.search(r"The last heartbeat is 1[89]\d s old", found.stderr)
    assert alive(system, "nonsense").returncode == 1


def test_pages_say_soon_that_the_database_is_away_and_come_back_with_it(system: System) -> None:
    system.web()
    page = "/accounts/login/"
    assert system.get(page) == 200
    # As a page that shows somebody's tasks would, keep the pool busy with connections that the restart will cut.
    for _ in range(3):
        system.get(page)
    postmaster = server()._postmaster
    assert postmaster is not None
    postmaster.stop("immediate")
    try:
        assert system.get(page) in {500, 503}  # which gives up after ten seconds without an answer
    finally:
        server().ensure_running()
    system.wait_for(lambda: system.get(page) == 200)


def test_a_quick_restart_of_the_database_costs_no_request(system: System) -> None:
    system.web()
    assert system.get("/accounts/login/") == 200
    system.restart_database()
    assert [system.get("/accounts/login/") for _ in range(5)] == [200] * 5
