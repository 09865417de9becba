"""The queue: Procrastinate's jobs, each of which tells a worker to look at one process.

A job only wakes somebody up; the truth is the process row. A process has at most one waiting job (its id is the job's
queueing lock). Jobs are written on Django's connection, in the transaction of what they belong to, and are deleted
with the commit that ends the run. Whatever is lost between job and process is found again by `sweep`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from procrastinate import JobContext, jobs
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


@app.task(name=RUN_PROCESS, queue=DEFAULT_QUEUE, pass_context=True)
async def run_process(context: JobContext, process_id: str) -> None:
    """Run a process in one of this worker's threads: `tasks.worker` says how."""
    from tasks.worker import work

    await asyncio.get_running_loop().run_in_executor(None, work, UUID(process_id), context.job.id)


def enqueue(tickets: Sequence[Ticket]) -> None:
    """Give each process a job. The caller knows that none of them has one waiting."""
    manager = app.job_manager
    for start in range(0, len(tickets), BATCH):
        manager.batch_defer_jobs([_job(ticket) for ticket in tickets[start : start + BATCH]])


def enqueue_again(process_ids: Iterable[UUID]) -> None:
    """Give processes that had jobs before a new one, in place of one that may still be waiting."""
    ids = list(process_ids)
    forget(ids)
    rows = sql.fetch("SELECT process_id, queue, priority, lock FROM tasks_process WHERE process_id = ANY(%s)", (ids,))
    enqueue([Ticket(*row) for row in rows])


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
