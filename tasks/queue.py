"""The queue: Procrastinate's jobs, each of which tells a worker to look at one process.

A job only wakes somebody up; the truth is the process row. A process has at most one waiting job (its id is the job's
queueing lock). Jobs are written on Django's connection, in the transaction of what they belong to, and are deleted
with the commit that ends the run. Whatever is lost between job and process is found again by `sweep`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from tasks import sql

RUN_PROCESS: Final = "tasks.run_process"
DEFAULT_QUEUE: Final = "default"
_LAST: Final = -(2**31)
"""The lowest priority of a job."""

_AGAIN: Final = """
INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args)
SELECT queue, %s, priority, NULLIF(lock, ''), process_id::text, jsonb_build_object('process_id', process_id)
  FROM tasks_process WHERE process_id = ANY(%s) ORDER BY priority DESC, started_at, process_id
    ON CONFLICT (queueing_lock) WHERE status = 'todo' DO UPDATE SET scheduled_at = NULL, priority = EXCLUDED.priority
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


def put_off(job_id: int) -> bool:
    """Let a job that was taken wait again: a while, longer each time, and behind all others. False when it is gone.

    Behind all: Procrastinate keeps the jobs of a lock in their order, even one that is not to be looked at yet.
    """
    return bool(
        sql.fetch(
            "UPDATE procrastinate_jobs j SET status = 'todo', worker_id = NULL, priority = %s, "
            "attempts = attempts + 1, "
            "scheduled_at = now() + make_interval(secs => least(900, 15 * 2 ^ least(attempts, 10))) "
            "WHERE id = %s AND status = 'doing' AND NOT EXISTS (SELECT FROM procrastinate_jobs other "
            "WHERE other.queueing_lock = j.queueing_lock AND other.status = 'todo') RETURNING id",
            (_LAST, job_id),
        )
    )


def fail(job_id: int) -> str | None:
    """Leave a job that is none of ours as failed, for whoever queued it, and return the name of its task."""
    row = sql.one(
        "SELECT task_name, procrastinate_finish_job_v1(id, 'failed', false) FROM procrastinate_jobs "
        "WHERE id = %s AND status = 'doing'",
        (job_id,),
    )
    return row[0] if row else None
