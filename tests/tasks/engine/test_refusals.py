"""Processes that the database refuses to run, and those behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection

from tasks import services, transitions
from tasks.models import Process, ProcessStatus
from tasks.sweeper import sweep
from tests.bench import Bench
from tests.system import System, wait_until
from tests.tasks.engine.jobs import TOKEN, jobs, without_jobs  # noqa: F401  a fixture

Poison = Callable[..., None]


@pytest.fixture
def bench(system: System, tmp_path: Path) -> Iterator[Bench]:
    """No worker runs: a test starts one when everything is in place."""
    yield Bench(system, tmp_path)
    for process in system.processes:
        process.stop()


@pytest.fixture
def poison(system: System) -> Iterator[Poison]:
    """A function that makes the database refuse what fulfils a condition."""

    def add(condition: str, table: str = "tasks_process") -> None:
        system.sql(
            "CREATE OR REPLACE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'poisoned row'; END $$"
        )
        system.sql(
            f"CREATE TRIGGER poison BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW WHEN ({condition}) "
            "EXECUTE FUNCTION poison()"
        )

    yield add
    system.sql("DROP FUNCTION IF EXISTS poison CASCADE")


def completed(process_id: UUID) -> bool:
    return Process.objects.filter(pk=process_id, status=ProcessStatus.COMPLETED).exists()


def test_one_that_cannot_be_taken_fails_with_the_reason_those_behind_it_run_and_so_does_it_later(
    bench: Bench, poison: Poison
) -> None:
    poisoned, behind = bench.start("counting"), bench.start("counting")
    poison(f"NEW.process_id = '{poisoned}' AND NEW.worker <> ''")
    bench.system.worker("--concurrency", "1")
    assert bench.settled(behind).status == ProcessStatus.COMPLETED
    process = bench.settled(poisoned)
    assert process.status == ProcessStatus.FAILED
    assert process.failed_reason == "The database refuses to run this process: poisoned row"
    assert bench.rows(poisoned) == [("Start", "failed")]
    assert jobs(bench.system) == []
    bench.system.sql("DROP FUNCTION poison CASCADE")
    services.retry_process(poisoned)
    wait_until(lambda: completed(poisoned))


def test_one_that_cannot_even_fail_waits_behind_all_others_and_runs_once_it_can(bench: Bench, poison: Poison) -> None:
    poisoned = bench.start("locking", device="ams-01")
    same_lock, behind = bench.start("locking", device="ams-01"), bench.start("counting")
    poison(f"NEW.process_id = '{poisoned}' AND NEW.status = 'running'")
    bench.system.worker("--concurrency", "1")
    assert bench.settled(same_lock).status == ProcessStatus.COMPLETED
    assert bench.settled(behind).status == ProcessStatus.COMPLETED
    assert Process.objects.get(pk=poisoned).status == ProcessStatus.CREATED
    later = "SELECT 1 FROM procrastinate_jobs WHERE queueing_lock = %s AND scheduled_at > now() AND attempts = 1"
    wait_until(lambda: bench.system.sql(later, str(poisoned)))
    bench.system.sql("DROP FUNCTION poison CASCADE")
    bench.system.sql("UPDATE procrastinate_jobs SET scheduled_at = now()")
    wait_until(lambda: completed(poisoned))


def test_a_limited_one_does_not_keep_its_workflow_waiting(bench: Bench, poison: Poison) -> None:
    poisoned, *others = [bench.start("limited", counter=number) for number in range(5)]
    poison(f"NEW.process_id = '{poisoned}' AND NEW.status = 'running'")
    bench.system.worker("--concurrency", "1")
    for process_id in others:
        assert bench.settled(process_id).status == ProcessStatus.COMPLETED
    assert Process.objects.get(pk=poisoned).status == ProcessStatus.CREATED


def test_a_process_whose_results_are_refused_fails_at_once(bench: Bench, poison: Poison) -> None:
    poisoned, behind = bench.start("counting"), bench.start("counting")
    poison(f"NEW.process_id = '{poisoned}' AND NEW.status <> 'failed'", table="tasks_processstep")
    bench.system.worker("--concurrency", "1")
    assert bench.settled(behind).status == ProcessStatus.COMPLETED
    process = bench.settled(poisoned)
    assert process.status == ProcessStatus.FAILED
    assert "poisoned row" in process.failed_reason


def test_the_sweeper_puts_the_others_right(bench: Bench, poison: Poison) -> None:
    lost = [bench.start("counting") for _ in range(3)]
    for process_id in lost:
        assert transitions.claim(process_id, TOKEN, "gone")
    bench.system.expire_leases()
    poison(f"NEW.process_id = '{lost[0]}' AND NEW.status = 'failed'")
    bench.system.sql("DELETE FROM procrastinate_jobs")
    queued = bench.start("counting")
    bench.system.sql("DELETE FROM procrastinate_jobs")
    bench.system.sql("UPDATE tasks_process SET last_modified_at = now() - interval '1 minute'")
    wait_until(lambda: (sweep() or 0) >= 3)
    assert [Process.objects.get(pk=each).status for each in lost] == ["running", "failed", "failed"]
    assert [lock for _id, _status, lock in jobs(bench.system)] == [str(queued)]
    connection.close()
