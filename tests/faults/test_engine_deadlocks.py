"""A person and a worker lock the same job and process in opposite order: the person's wish is carried out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import pytest
from django.db import OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected

from tasks import engine, services, sql, transitions
from tasks.models import Process, ProcessStatus
from tasks.queue import enqueue_again
from tests.databases import connect
from tests.system import System, wait_until


def _retry(process_id: UUID) -> None:
    services.retry_process(process_id)


def _answer(process_id: UUID) -> None:
    services.resume_process(process_id, [{"answer": 1}])


@pytest.mark.parametrize(
    ("workflow", "inputs", "act"), [("failing", {"fail": "value"}, _retry), ("asking", {}, _answer)]
)
def test_a_worker_that_holds_the_job_and_wants_the_process_keeps_nobody_from_resuming_it(
    system: System, workflow: str, inputs: dict[str, str], act: Callable[[UUID], None]
) -> None:
    """The person waits for the job, then the worker for the process: PostgreSQL ends the person's transaction."""
    process_id = services.start_process(workflow, [inputs])
    system.sql("DELETE FROM procrastinate_jobs")
    engine.run_process(process_id)
    assert enqueue_again([process_id]) == 1  # left over: who makes it does not see that the process stops meanwhile
    errors: list[BaseException] = []

    def person() -> None:
        try:
            sql.fetch("SET deadlock_timeout = '2s'")
            act(process_id)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=person)
    with connect(system.database) as worker, worker.transaction(force_rollback=True):
        worker.execute("SET LOCAL deadlock_timeout = '10s'")
        worker.execute("SELECT FROM procrastinate_jobs WHERE status = 'todo' FOR UPDATE")
        thread.start()
        wait_until(lambda: system.sql("SELECT 1 FROM pg_locks WHERE NOT granted"))
        with suppress(DeadlockDetected):  # on a machine that is slow just then the worker loses, who takes another job
            worker.execute("SELECT FROM tasks_process WHERE process_id = %s FOR UPDATE", [process_id])
    thread.join()
    assert errors == []
    assert Process.objects.get(pk=process_id).status == ProcessStatus.RESUMED
    assert system.sql("SELECT status FROM procrastinate_jobs") == [("todo",)]


def test_a_deadlock_within_somebody_elses_transaction_is_raised(system: System) -> None:
    """What was done before in that transaction is lost with it: only whoever began it can begin again."""
    first, second = [services.start_process("succeeding") for _ in range(2)]
    calls: list[int] = []

    @sql.again_when_deadlocked
    def lock_second() -> None:
        calls.append(1)
        sql.fetch("SELECT FROM tasks_process WHERE process_id = %s FOR UPDATE", (second,))

    with connect(system.database) as other, other.transaction(force_rollback=True):
        other.execute("SET LOCAL deadlock_timeout = '60s'")
        other.execute("SELECT FROM tasks_process WHERE process_id = %s FOR UPDATE", [second])

        def want_first() -> None:
            other.execute("SELECT FROM tasks_process WHERE process_id = %s FOR UPDATE", [first])

        thread = threading.Thread(target=want_first)

        def within_a_transaction() -> None:
            with transaction.atomic():
                sql.fetch("SELECT FROM tasks_process WHERE process_id = %s FOR UPDATE", (first,))
                thread.start()
                wait_until(lambda: system.sql("SELECT 1 FROM pg_locks WHERE NOT granted"))
                lock_second()

        with pytest.raises(OperationalError, match="deadlock"):
            within_a_transaction()
        thread.join()
    assert calls == [1]
    assert transitions.claim(first, UUID(int=1), "here")
