"""Workers that are killed, frozen and killed again: nothing is lost, nothing committed runs twice."""

from __future__ import annotations

import random
import signal
import time
from collections import defaultdict
from pathlib import Path
from uuid import UUID

import pytest
from django.db import transaction

from tasks import services
from tasks.models import Process, ProcessStatus, ProcessStep
from tasks.sweeper import EVERY, sweep
from tasks.transitions.conditions import LEASE_SECONDS
from tests.bench import SETTLED, Bench
from tests.system import System, wait_until


@pytest.fixture
def bench(system: System, tmp_path: Path) -> Bench:
    return Bench(system, tmp_path)


def status_of(process_id: UUID) -> str:
    return Process.objects.get(pk=process_id).status


@pytest.mark.timeout(900)
def test_workers_are_killed_under_load(bench: Bench, long_run: bool) -> None:
    """Half a minute after each kill its processes say "worker lost"; retried, every one takes ten strides in order.

    That it is within a minute is measured in the long run, on a machine that has nothing else to do.
    """
    system = bench.system
    kills = 50 if long_run else 6
    ids: list[UUID] = []
    workers = [system.worker("--concurrency", "4") for _ in range(2)]
    wait_until(lambda: system.sql("SELECT count(*) FROM tasks_workerinstance") == [(2,)])
    killed_at: dict[str, float] = {}
    for number in range(kills):
        ids += [bench.start("striding", seconds=0.05) for _ in range(8)]
        time.sleep(random.uniform(0.1, 0.6))
        victim = workers[number % 2]
        victim.kill(signal.SIGKILL)
        killed_at[str(victim.pid)] = time.time()
        victim.wait()
        workers[number % 2] = system.worker("--concurrency", "4")
    wait_until(lambda: not Process.objects.exclude(status__in=SETTLED).exists(), 120)
    lost = Process.objects.filter(status=ProcessStatus.FAILED)
    assert lost.count() > 0
    for process in lost:
        assert process.failed_reason.startswith("Worker lost while running “Stride”")
        pid = process.failed_reason.rstrip(").").rsplit(":", 1)[-1]
        took = process.last_modified_at.timestamp() - killed_at[pid]
        assert took < 60 or not long_run
    while failed := list(Process.objects.filter(status=ProcessStatus.FAILED)):
        for process in failed:
            services.retry_process(process.pk)
        wait_until(lambda: not Process.objects.exclude(status__in=SETTLED).exists(), 120)
    assert Process.objects.filter(status=ProcessStatus.COMPLETED).count() == len(ids)
    _assert_in_order(bench, ids)


def _assert_in_order(bench: Bench, ids: list[UUID]) -> None:
    """A stride that was committed never began again; the state counts exactly what was recorded."""
    strides: dict[str, list[int]] = defaultdict(list)
    for word in bench.traced():
        process_id, counter = word.split()
        strides[process_id].append(int(counter))
    for process_id in ids:
        taken = strides[str(process_id)]
        assert taken == sorted(taken)
        assert set(taken) == set(range(10))
        rows = ProcessStep.objects.filter(process_id=process_id, status="success", name="Stride")
        assert [row.state["counter"] for row in rows] == list(range(1, 11))
        assert [row.position for row in rows] == list(range(1, 11))


def test_a_lease_runs_out_and_is_found_within_a_minute() -> None:
    """Also where the scheduler or worker that swept last died right after it, and the next one has just started."""
    assert LEASE_SECONDS + EVERY < 60


@pytest.mark.timeout(300)
def test_a_frozen_worker_cannot_record_what_was_taken_from_it(bench: Bench, long_run: bool) -> None:
    system = bench.system
    gate = bench.file("gate")
    frozen = system.worker("--concurrency", "1")
    process_id = bench.start("dawdling", gate=str(gate))
    wait_until(lambda: bench.traced() == ["began 1"])
    other = bench.start("writing", product="frozen", gate=str(gate))
    frozen.kill(signal.SIGSTOP)
    if long_run:
        time.sleep(90)
    else:
        system.expire_leases()
    system.worker("--concurrency", "2")
    wait_until(lambda: status_of(process_id) == ProcessStatus.FAILED, 60)
    assert "Worker lost while running “Dawdle”" in Process.objects.get(pk=process_id).failed_reason
    services.retry_process(process_id)
    wait_until(lambda: bench.traced().count("began 1") == 2)
    gate.touch()
    assert bench.settled(process_id).status == ProcessStatus.COMPLETED
    assert bench.settled(other).status == ProcessStatus.COMPLETED
    before = list(ProcessStep.objects.filter(process_id=process_id).values())

    frozen.kill(signal.SIGCONT)
    wait_until(lambda: "lease_lost" in frozen.output)
    assert list(ProcessStep.objects.filter(process_id=process_id).values()) == before
    assert status_of(process_id) == ProcessStatus.COMPLETED
    dawdled = [word for word in bench.traced() if word != "wrote frozen"]
    assert dawdled == ["began 1", "began 1", "ended 1", "ended 1"]
    usual = bench.start("succeeding")
    assert bench.settled(usual).status == ProcessStatus.COMPLETED
    assert frozen.stop() == 0


def test_a_retrystep_that_lost_its_worker_waits_and_is_tried_again(bench: Bench) -> None:
    system = bench.system
    repaired = bench.file("repaired")
    process_id = bench.start("killing_retried", repaired=str(repaired))
    system.worker().wait()
    system.expire_leases()
    system.worker()
    wait_until(lambda: status_of(process_id) == ProcessStatus.WAITING)
    process = Process.objects.get(pk=process_id)
    assert process.retry_at is not None
    assert process.retry_at > process.last_modified_at
    assert process.crashes == 1
    repaired.touch()
    Process.objects.filter(pk=process_id).update(retry_at=process.last_modified_at)
    wait_until(lambda: sweep() is not None and status_of(process_id) == ProcessStatus.COMPLETED)
    assert bench.rows(process_id) == [
        ("Start", "success"), ("Kill the worker, to be retried", "waiting"),
        ("Kill the worker, to be retried", "success"), ("Done", "complete"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["killing", "killing_retried"])
def test_a_step_that_kills_its_worker_three_times_is_quarantined(bench: Bench, name: str) -> None:
    system = bench.system
    process_id = bench.start(name)
    for number in range(3):
        system.worker().wait(60)
        system.expire_leases()
        wait_until(lambda: sweep() is not None and status_of(process_id) != ProcessStatus.RUNNING)
        process = Process.objects.get(pk=process_id)
        assert process.crashes == number + 1
        if number < 2:
            services.retry_process(process_id)
    assert process.status == ProcessStatus.FAILED
    assert "quarantine" in process.failed_reason
    assert [result.ok for result in services.bulk("retry", [process_id])] == [False]
    row = process.steps.last()
    assert row is not None
    assert row.attempts == 3 if name == "killing" else row.attempts >= 1
    assert bench.traced() == ["kill"] * 3


def test_a_crash_after_a_form_is_told_by_the_step_that_it_cut_off(bench: Bench) -> None:
    system = bench.system
    gate = bench.file("gate")
    worker = system.worker()
    process = bench.run("asking_then_dawdling", gate=str(gate))
    services.resume_process(process.pk, [{"answer": "1"}])
    wait_until(lambda: bench.traced() == ["began 0"])
    worker.kill(signal.SIGKILL)
    system.expire_leases()
    wait_until(lambda: sweep() is not None and status_of(process.pk) == ProcessStatus.FAILED)
    assert Process.objects.get(pk=process.pk).failed_reason.startswith("Worker lost while running “Dawdle”")
    gate.touch()
    services.retry_process(process.pk)
    system.worker()
    assert bench.settled(process.pk).status == ProcessStatus.COMPLETED


def test_a_rolled_back_start_leaves_nothing(bench: Bench) -> None:
    bench.system.worker()
    started: list[UUID] = []
    with transaction.atomic():
        started.append(services.start_process("succeeding"))
        transaction.set_rollback(True)
    kept = bench.run("succeeding")
    assert kept.status == ProcessStatus.COMPLETED
    assert not Process.objects.filter(pk__in=started).exists()
    assert bench.system.sql("SELECT count(*) FROM procrastinate_jobs") == [(0,)]


def test_a_process_whose_job_is_lost_gets_another(bench: Bench) -> None:
    process_id = bench.start("succeeding")
    bench.system.sql("DELETE FROM procrastinate_jobs")
    bench.system.sql("UPDATE tasks_process SET last_modified_at = now() - interval '1 minute'")
    bench.system.worker()
    assert bench.settled(process_id).status == ProcessStatus.COMPLETED


def test_a_command_that_dies_says_so_in_what_it_started(bench: Bench) -> None:
    system = bench.system
    gate = bench.file("gate")
    command = system.manage("starttask", "dawdling", "--wait", "--input", f'{{"gate": "{gate}"}}')
    wait_until(lambda: bench.traced() == ["began 1"])
    system.worker()
    command.kill(signal.SIGKILL)
    [process] = Process.objects.all()
    assert process.status == ProcessStatus.RUNNING
    system.expire_leases()
    process = bench.settled(process.pk)
    assert process.failed_reason.startswith("Worker lost while running “Dawdle”")
