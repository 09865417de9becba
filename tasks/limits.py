"""Limits how many processes of a workflow run at once (`@workflow(limit=N)`), which Procrastinate does not know.

A process that finds its workflow busy lets go of its job and stays queued. Whichever process of the workflow ends gives
the next ones a job. An advisory lock per workflow makes counting and taking one thing.
Guarantee: the turn is that of the highest priority, then of the longest wait, however many are started meanwhile. Who
could not run anyway is passed over, so that it keeps nobody waiting: whoever waits for a resource that another process
holds, or that was promised to another one, of whatever workflow and queue, and whoever was put off.
"""

from __future__ import annotations

import zlib
from typing import Final
from uuid import UUID

from django.db import transaction

from tasks import queue, registry, sql, transitions
from tasks.exceptions import TaskError
from tasks.transitions import Claimed

_SPACE: Final = 7_203_916
NO_LIMIT: Final = 1000


def claim(process_id: UUID, token: UUID, worker: str) -> Claimed | None:
    """Take a queued process of a limited workflow if it is its turn. The caller's transaction holds the lock.

    Where others come first, they get jobs, and this one gets another when it is its turn.
    """
    row = sql.one(
        "SELECT w.name FROM tasks_process p JOIN tasks_workflow w USING (workflow_id) "
        "WHERE p.process_id = %s AND p.limited AND p.status IN ('created', 'resumed')",
        (process_id,),
    )
    if row is None:
        return None
    free, blocked = _next(row[0])
    if process_id in free:
        return transitions.claim(process_id, token, worker, admitted=True)
    queue.enqueue_again(each for each in free + blocked if each != process_id)
    return None


def wake_next(workflow_name: str) -> int:
    """Give jobs to the queued processes of the workflow whose turn it is; return how many had none."""
    with transaction.atomic():
        free, blocked = _next(workflow_name)
        return queue.enqueue_again(free + blocked)


def wake_others(process_id: UUID) -> int:
    """Let another process of the same limited workflow have the turn of one that could not be run."""
    row = sql.one(
        "SELECT w.name FROM tasks_process p JOIN tasks_workflow w USING (workflow_id) "
        "WHERE p.process_id = %s AND p.limited",
        (process_id,),
    )
    return 0 if row is None else wake_next(row[0])


_NEXT: Final = """
WITH first AS (
    SELECT DISTINCT ON (COALESCE(NULLIF(p.lock, ''), p.process_id::text))
           p.process_id, p.queue, p.lock, p.priority, p.started_at
      FROM tasks_process p JOIN tasks_workflow w USING (workflow_id)
     WHERE w.name = %s AND p.status IN ('created', 'resumed') AND p.limited
       AND NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.queueing_lock = p.process_id::text
                          AND j.status = 'todo' AND j.scheduled_at > now())
     ORDER BY COALESCE(NULLIF(p.lock, ''), p.process_id::text), p.priority DESC, p.started_at, p.process_id
), ahead AS (
    SELECT DISTINCT ON (lock) lock, queueing_lock, priority
      FROM procrastinate_jobs WHERE status IN ('doing', 'todo') AND lock IN (SELECT lock FROM first)
     ORDER BY lock, status = 'doing' DESC, priority DESC, id
), judged AS (
    SELECT first.*,
           COALESCE(ahead.queueing_lock <> first.process_id::text AND ahead.priority >= first.priority, false)
           OR first.lock <> '' AND EXISTS (
               SELECT FROM tasks_process r WHERE r.status = 'running' AND r.lock = first.lock) AS blocked
      FROM first LEFT JOIN ahead USING (lock)
), ranked AS (
    SELECT process_id, blocked,
           row_number() OVER (PARTITION BY queue, blocked ORDER BY priority DESC, started_at, process_id) AS place
      FROM judged
)
SELECT process_id, blocked FROM ranked WHERE place <= %s ORDER BY place"""
"""`ahead` are the jobs that Procrastinate has handed out, or will next, of all that want a resource."""


def _next(workflow_name: str) -> tuple[list[UUID], list[UUID]]:
    """Return as many queued processes as there is room for, and as many that wait for a resource and come after that.

    A process of another queue is nobody's rival: perhaps no worker serves it. Holds the workflow's lock until the
    transaction ends.
    """
    room = _room(workflow_name)
    rows = sql.fetch(_NEXT, (workflow_name, room)) if room > 0 else []
    free = [process_id for process_id, blocked in rows if not blocked]
    return free, [process_id for process_id, blocked in rows if blocked]


def _room(workflow_name: str) -> int:
    """Return how many more may run, holding the workflow's lock until the transaction ends."""
    try:
        limit = registry.get_workflow(workflow_name).limit
    except TaskError:
        limit = None
    sql.fetch("SELECT pg_advisory_xact_lock(%s, %s)", (_SPACE, zlib.crc32(workflow_name.encode()) - 2**31))
    row = sql.one(
        "SELECT count(*) FROM tasks_process p JOIN tasks_workflow w USING (workflow_id) "
        "WHERE w.name = %s AND p.status = 'running'",
        (workflow_name,),
    )
    running = row[0] if row else 0
    return (limit if limit is not None else NO_LIMIT) - running
