"""Concurrency limits, locks, queues and priorities, on real workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks import services
from tasks.models import Process, ProcessStatus
from tests.bench import Bench
from tests.system import wait_until


def _began(bench: Bench) -> list[str]:
    return [word for word in bench.traced() if word.startswith("began")]


def test_no_more_than_the_limit_run_at_once_and_all_of_them_run(bench: Bench) -> None:
    gates = [bench.file(f"gate{number}") for number in range(6)]
    ids = [bench.start("limited", gate=str(gate), counter=number) for number, gate in enumerate(gates)]
    wait_until(lambda: len(_began(bench)) == 2)
    for finished, gate in enumerate(gates, start=1):
        assert Process.objects.filter(pk__in=ids, status=ProcessStatus.RUNNING).count() <= 2
        first = int(_began(bench)[finished - 1].split()[1])
        gates[first].touch()
        assert gate is not None
        expected = min(6, finished + 2)
        wait_until(lambda expected=expected: len(_began(bench)) == expected, 25)
    for process_id in ids:
        assert bench.settled(process_id).status == ProcessStatus.COMPLETED


def test_two_processes_never_hold_one_lock(bench: Bench) -> None:
    gate = bench.file("gate")
    ids = [bench.start("locking", device="ams-01", gate=str(gate), counter=number) for number in range(3)]
    other = bench.start("locking", device="utr-01", counter=9)
    assert bench.settled(other).status == ProcessStatus.COMPLETED
    assert [word for word in _began(bench) if word != "began 9"] == ["began 0"]
    gate.touch()
    for process_id in ids:
        assert bench.settled(process_id).status == ProcessStatus.COMPLETED
    ended = [word for word in bench.traced() if "9" not in word]
    assert ended == ["began 0", "ended 0", "began 1", "ended 1", "began 2", "ended 2"]


def test_queue_and_priority_come_from_the_workflow(bench: Bench) -> None:
    process = bench.run("queued_elsewhere")
    assert (process.queue, process.priority) == ("slow", 7)
    assert process.status == ProcessStatus.COMPLETED


@pytest.fixture
def queues(system: Any, tmp_path: Path) -> Bench:
    return Bench(system, tmp_path)


def test_a_worker_takes_its_queues_only(queues: Bench) -> None:
    system = queues.system
    for process in system.processes:
        process.stop()
    picky = system.worker("--queue", "slow", "--concurrency", "1")
    usual = queues.start("counting")
    special = queues.start("queued_elsewhere")
    assert queues.settled(special).status == ProcessStatus.COMPLETED
    assert Process.objects.get(pk=usual).status == ProcessStatus.CREATED
    assert system.sql("SELECT queues FROM tasks_workerinstance") == [("slow",)]
    picky.stop()
    first = queues.start("failing", fail="")
    system.sql("UPDATE procrastinate_jobs SET priority = 5 WHERE queueing_lock = %s", str(first))
    general = system.worker("--concurrency", "1")
    queues.settled(usual)
    assert Process.objects.get(pk=usual).first_run_at > Process.objects.get(pk=first).first_run_at  # type: ignore[operator]
    assert general.stop() == 0
    assert services.engine_settings().global_lock is False
