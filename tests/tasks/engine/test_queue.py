"""Jobs and processes that meet, miss each other, or are lost in between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection, transaction

from tasks import engine, queue, services, transitions
from tasks.models import Process, ProcessStatus
from tasks.news import news
from tasks.sweeper import sweep
from tasks.sweeper.conditions import grace_is_over
from tasks.sweeper.jobs import drop_stalled_jobs
from tests.databases import connect
from tests.system import System, wait_until
from tests.tasks.engine.jobs import TOKEN, jobs, take, without_jobs  # noqa: F401  a fixture

# Queued again


def test_several_may_queue_a_process_again_at_once(system: System) -> None:
    """Whoever is second waits for the first and leaves the job alone; Procrastinate's own function would raise."""
    process_id = services.start_process("succeeding")
    system.sql("DELETE FROM procrastinate_jobs")
    began, answers = threading.Event(), []

    def second() -> None:
        began.set()
        answers.append(queue.enqueue_again([process_id]))
        connection.close()

    other = threading.Thread(target=second)
    with transaction.atomic():
        assert queue.enqueue_again([process_id]) == 1
        other.start()
        began.wait()
        blocked = "SELECT 1 FROM pg_locks WHERE NOT granted"
        wait_until(lambda: system.sql(blocked))
    other.join()
    assert answers == [0]
    assert len(jobs(system)) == 1


def test_no_worker_takes_a_waiting_job_before_its_process_is_as_it_shall_find_it(system: System) -> None:
    """A job that waits already stays locked until what belongs to it is committed."""
    process_id = services.start_process("succeeding")
    with transaction.atomic():
        assert queue.enqueue_again([process_id]) == 0
        with connect(system.database) as worker:
            row = worker.execute("SELECT id FROM procrastinate_fetch_job_v2(NULL, NULL)").fetchone()
            assert row == (None,)
    assert take(system).process_id == process_id


# Taken


def test_a_job_and_its_process_are_taken_at_once(system: System) -> None:
    process_id = services.start_process("succeeding")
    taken = take(system)
    assert (taken.process_id, taken.claimed.workflow_name) == (process_id, "succeeding")
    assert Process.objects.get(pk=process_id).status == ProcessStatus.RUNNING
    assert [status for _id, status, _lock in jobs(system)] == ["doing"]
    assert take(system) is None


def test_the_first_steps_without_a_function_are_recorded_along_with_that(system: System) -> None:
    process_id = services.start_process("failing", {"fail": "value"})
    leads = transitions.Leads({"failing": (["Start"], "Count")})
    taken = take(system, leads)
    process = Process.objects.get(pk=process_id)
    assert taken.claimed.led == ("Start",)
    assert process.current_step == "Count"
    [start] = process.steps.all()
    assert (start.name, start.status, start.position, start.state["fail"]) == ("Start", "success", 0, "value")

    engine.run_process(process_id, token=TOKEN, job_id=taken.job_id, claimed=taken.claimed)
    names = ["Start", "Count", "Fail as told"]
    assert list(process.steps.values_list("name", flat=True)) == names
    services.retry_process(process_id)
    again = take(system, leads)
    assert (again.claimed.led, again.claimed.current_step) == ((), "Fail as told")
    assert list(process.steps.values_list("name", flat=True)) == names


def test_an_answer_that_was_lost_is_asked_for_again(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    process_id = services.start_process("succeeding")
    [(number,)] = system.sql("SELECT worker_id FROM procrastinate_register_worker_v1()")
    assert transitions.taken(TOKEN) is None
    taken = transitions.take(None, number, TOKEN, "here")
    monkeypatch.setattr(news, "collecting", True)
    again = transitions.taken(TOKEN)
    assert news.tell()
    assert taken
    assert again
    assert (again.job_id, again.process_id) == (taken.job_id, process_id)
    assert transitions.taken(UUID(int=8)) is None


def test_what_cannot_be_claimed_at_once_is_left_to_a_closer_look(system: System) -> None:
    process_id = services.start_process("limited")
    taken = take(system)
    assert (taken.process_id, taken.claimed) == (process_id, None)
    assert Process.objects.get(pk=process_id).status == ProcessStatus.CREATED


def test_a_process_that_has_begun_since_the_statement_did_is_left_to_a_closer_look(system: System) -> None:
    """The function sees jobs that are newer than the statement around it, which does not see the steps."""
    process_id = services.start_process("counting")
    process = Process.objects.get(pk=process_id)
    leads = transitions.Leads({"counting": (["Start"], "Count")})
    answers: list[Any] = []

    def slow() -> None:
        answers.append(take(system, leads))
        connection.close()

    with fetching_held_up(system) as other:
        thread = threading.Thread(target=slow)
        thread.start()
        wait_until(lambda: system.sql("SELECT 1 FROM pg_locks WHERE NOT granted"))
        [(job_id,)] = other.execute("SELECT id FROM fetch_original(NULL, NULL)").fetchall()
        engine.run_process(process_id, worker="other", job_id=job_id, stopping=lambda: True)
        assert [status for _id, status, _lock in jobs(system)] == ["doing", "todo"]
    thread.join()
    [taken] = answers
    assert (taken.process_id, taken.claimed) == (process_id, None)
    engine.run_process(process_id, worker="slow", token=TOKEN, job_id=taken.job_id)
    assert list(process.steps.values_list("name", flat=True))[:2] == ["Start", "Count"]
    assert process.steps.filter(name="Start").count() == 1


@contextmanager
def fetching_held_up(system: System) -> Iterator[psycopg.Connection[Any]]:
    """Whoever fetches a job by Procrastinate's function waits in it for the end of the block."""
    signature = "procrastinate_fetch_job_v2(varchar[], bigint)"
    system.sql(f"ALTER FUNCTION {signature} RENAME TO fetch_original")
    system.sql(
        "CREATE FUNCTION procrastinate_fetch_job_v2(queues varchar[], worker bigint) RETURNS procrastinate_jobs "
        "LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM pg_advisory_xact_lock(4711); RETURN fetch_original(queues, worker); END $$"
    )
    try:
        with connect(system.database) as other:
            other.execute("SELECT pg_advisory_lock(4711)")
            yield other
    finally:
        wait_until(lambda: not system.sql("SELECT 1 FROM pg_locks WHERE NOT granted"))
        system.sql(f"DROP FUNCTION {signature}")
        system.sql("ALTER FUNCTION fetch_original RENAME TO procrastinate_fetch_job_v2")


def test_a_job_that_a_living_worker_took_without_knowing_is_replaced(system: System) -> None:
    """The connection broke before the answer came, and the process could not be claimed in the same statement."""
    wait_until(grace_is_over)
    process_id = services.start_process("succeeding")
    services.lock_engine("for a moment")
    taken = take(system)
    assert taken.claimed is None
    services.unlock_engine()
    system.sql("DELETE FROM procrastinate_jobs WHERE status = 'todo'")
    system.sql("UPDATE tasks_process SET last_modified_at = now() - interval '1 minute'")
    sweep()
    assert jobs(system) == [(taken.job_id, "doing", str(process_id))]
    system.sql("UPDATE procrastinate_events SET at = at - interval '1 minute'")
    sweep()
    assert [(status, lock) for _id, status, lock in jobs(system)] == [("todo", str(process_id))]


def test_a_job_keeps_its_lock_while_its_process_runs_though_its_worker_was_struck_off(system: System) -> None:
    """Whoever starts a worker strikes off those that were silent; their leases tell that they live."""
    wait_until(grace_is_over)
    process_id = services.start_process("locking", [{"device": "d"}])
    taken = take(system)
    waiting = services.start_process("locking", [{"device": "d"}])
    system.sql("DELETE FROM procrastinate_workers")
    drop_stalled_jobs()
    assert jobs(system)[0] == (taken.job_id, "doing", str(process_id))
    assert take(system) is None

    system.sql("UPDATE tasks_process SET lease_expires_at = now() WHERE process_id = %s", process_id)
    drop_stalled_jobs()
    assert take(system).process_id == waiting


def test_two_workers_may_meet_at_a_lock(system: System) -> None:
    """The second chooses its job before the first has committed; the database refuses it, and it looks once more."""
    answers: list[Any] = []

    def second() -> None:
        answers.append(take(system))
        connection.close()

    services.start_process("locking", [{"device": "d"}])
    with transaction.atomic():
        taken = take(system)
        with connect(system.database) as elsewhere:  # an urgent one, not held up by the first, which nobody sees yet
            elsewhere.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, args) "
                "VALUES ('default', 'tasks.run_process', 5, 'd', '{}')"
            )
        other = threading.Thread(target=second)
        other.start()
        wait_until(lambda: system.sql("SELECT 1 FROM pg_locks WHERE NOT granted"))
    other.join()
    assert taken.locked
    assert answers == [None]


def test_who_aborts_a_process_and_who_takes_it_do_not_wait_for_each_other(system: System) -> None:
    """Both lock the job before the process: whoever is second finds nothing."""
    process_id = services.start_process("succeeding")
    answers: list[Any] = []

    def abort() -> None:
        answers.append(services.abort_process(process_id).status)
        connection.close()

    with transaction.atomic():
        taken = take(system)
        other = threading.Thread(target=abort)
        other.start()
        wait_until(lambda: system.sql("SELECT 1 FROM pg_locks WHERE NOT granted"))
        waiting = system.sql(
            "SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = %s", system.database
        )
        assert ["procrastinate_jobs" in query for (query,) in waiting] == [True]
    other.join()
    assert taken.process_id == process_id
    assert answers == [ProcessStatus.RUNNING]  # which ends after its current step
