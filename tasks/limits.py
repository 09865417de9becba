"""Limits how many processes of a workflow run at once (`@workflow(limit=N)`), which Procrastinate does not know.

A process that finds its workflow busy lets go of its job and stays queued. Whichever process of the workflow ends gives
the next one a job. An advisory lock per workflow makes counting and taking one thing.
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
    """Take a queued process of a limited workflow if there is room for it. The caller's transaction holds the lock."""
    row = sql.one(
        "SELECT w.name FROM tasks_process p JOIN tasks_workflow w USING (workflow_id) "
        "WHERE p.process_id = %s AND p.limited AND p.status IN ('created', 'resumed')",
        (process_id,),
    )
    if row is None or _room(row[0]) <= 0:
        return None
    return transitions.claim(process_id, token, worker, admitted=True)


def wake_next(workflow_name: str) -> int:
    """Give jobs to as many queued processes of the workflow as there is room for; return how many."""
    with transaction.atomic():
        room = _room(workflow_name)
        if room <= 0:
            return 0
        rows = sql.fetch(
            "SELECT p.process_id FROM tasks_process p JOIN tasks_workflow w USING (workflow_id) "
            "WHERE w.name = %s AND p.status IN ('created', 'resumed') AND p.limited "
            "AND NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.queueing_lock = p.process_id::text "
            "AND j.status = 'todo') ORDER BY p.priority DESC, p.started_at LIMIT %s",
            (workflow_name, room),
        )
        return queue.enqueue_again([process_id for (process_id,) in rows])


def wake_others(process_id: UUID) -> int:
    """Let another process of the same limited workflow have the turn of one that could not be run."""
    row = sql.one(
        "SELECT w.name FROM tasks_process p JOIN tasks_workflow w USING (workflow_id) "
        "WHERE p.process_id = %s AND p.limited",
        (process_id,),
    )
    return 0 if row is None else wake_next(row[0])


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
