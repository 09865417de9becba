"""Processes that belong together run together, and end together."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system import Process, wait_until

PROGRAM = """
import sys
from orchestrator_admin.supervisor import Child, StopRequested, Supervisor
supervisor = Supervisor(lambda text: print(text, flush=True))
try:
    for number, script in enumerate(sys.argv[1:]):
        supervisor.start(Child(f"child{number}", ["/bin/sh", "-c", script]))
    supervisor.watch()
    code = 1
except StopRequested:
    code = 0
finally:
    supervisor.stop()
sys.exit(code)
"""
POLITE = "trap 'echo goodbye; exit 0' TERM; echo pid $$; while :; do sleep 0.05; done"
STUBBORN = "trap '' TERM; echo pid $$; while :; do sleep 0.05; done"
Start = Callable[..., Process]


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Start]:
    """Start a supervisor of shell scripts and wait until each of them has said its number."""
    started: list[Process] = []

    def start(*scripts: str) -> Process:
        process = Process(
            "supervisor", [sys.executable, "-c", PROGRAM, *scripts], {"PATH": "/usr/bin:/bin"}, tmp_path / "log"
        )
        started.append(process)
        wait_until(lambda: len(pids(process)) == sum("pid" in script for script in scripts))
        return process

    yield start
    for process in started:
        for pid in pids(process):
            assert not is_alive(pid), f"{pid} was left running"
        process.kill()
        process.wait()


def pids(process: Process) -> list[int]:
    return [int(line.split()[1]) for line in process.output.splitlines() if line.startswith("pid ")]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_all_of_them_and_counts_as_success(supervise: Start, number: int) -> None:
    process = supervise(POLITE, POLITE)
    process.kill_alone(number)

    assert process.wait(10) == 0
    assert process.output.count("goodbye") == 2


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("exit 0", "ended with exit code 0"),
        ("exit 3", "ended with exit code 3"),
        ("kill -9 $$", "was ended by signal 9"),
    ],
)
def test_one_that_ends_takes_the_others_along_and_counts_as_failure(supervise: Start, end: str, told: str) -> None:
    process = supervise(POLITE, f"sleep 0.3; {end}")

    assert process.wait() == 1
    assert f"The child1 {told}." in process.output
    assert "goodbye" in process.output


def test_children_of_a_killed_supervisor_are_told_to_stop(supervise: Start) -> None:
    process = supervise(POLITE, POLITE)
    process.kill_alone(signal.SIGKILL)
    process.wait()

    wait_until(lambda: not any(map(is_alive, pids(process))))
    assert process.output.count("goodbye") == 2


def test_a_second_signal_does_not_wait_for_a_child_that_takes_its_time(supervise: Start) -> None:
    process = supervise(STUBBORN)
    process.kill_alone(signal.SIGTERM)
    wait_until(lambda: "Waiting for child0" in process.output)
    process.kill_alone(signal.SIGTERM)

    assert process.wait(30) == 0  # and does not wait for the 60 s that a child may take
