"""The queue: Procrastinate's jobs, each of which tells a worker to look at one process.

A job only wakes somebody up; the truth is the process row. A process has at most one waiting job (its id is the job's
queueing lock). Jobs are written on Django's connection, in the transaction of what they belong to, and are deleted
with the commit that ends the run. Whatever is lost between job and process is found again by `sweep`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from procrastinate import jobs
from procrastinate.contrib.django import app

from tasks import sql

RUN_PROCESS: Final = "tasks.run_process"
DEFAULT_QUEUE: Final = "default"
BATCH: Final = 1000


class Ticket(NamedTuple):
    """What the queue has to know of a process."""

    process_id: UUID
    queue: str = DEFAULT_QUEUE
    priority: int = 0
    lock: str = ""


def enqueue(tickets: Sequence[Ticket]) -> None:
    """Give each process a job. The caller knows that none of them has one waiting."""
    manager = app.job_manager
    for start in range(0, len(tickets), BATCH):
        manager.batch_defer_jobs([_job(ticket) for ticket in tickets[start : start + BATCH]])


_AGAIN: Final = """
INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args)
SELECT queue, %s, priority, NULLIF(lock, ''), process_id::text, jsonb_build_object('process_id', process_id)
  FROM tasks_process WHERE process_id = ANY(%s) ORDER BY priority DESC, started_at
    ON CONFLICT (queueing_lock) WHERE status = 'todo' DO UPDATE SET scheduled_at = NULL
RETURNING xmax = 0"""


def enqueue_again(process_ids: Iterable[UUID]) -> int:
    """Give processes that may have a waiting job one, and return how many had none.

    Several may do this at once: Procrastinate's own function would raise where this statement leaves things alone. A
    job that waits already is locked until the caller commits, so that no worker finds the process as it was before.
    """
    ids = list(process_ids)
    rows = sql.fetch(_AGAIN, (RUN_PROCESS, ids)) if ids else []
    return sum(is_new for (is_new,) in rows)


def forget(process_ids: Sequence[UUID]) -> None:
    """Throw away the waiting jobs of processes."""
    sql.fetch(
        "DELETE FROM procrastinate_jobs WHERE status = 'todo' AND queueing_lock = ANY(%s)",
        ([str(process_id) for process_id in process_ids],),
    )


def _job(ticket: Ticket) -> jobs.Job:
    arguments: dict[str, Any] = {"process_id": str(ticket.process_id)}
    return jobs.Job(
        id=None,
        queue=ticket.queue,
        lock=ticket.lock or None,
        queueing_lock=str(ticket.process_id),
        task_name=RUN_PROCESS,
        priority=ticket.priority,
        task_kwargs=arguments,
        scheduled_at=None,
    )
