"""Records what a step did and where its process stands then: one commit, fenced by the lease token."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from tasks.exceptions import LeaseLost
from tasks.news import news
from tasks.sql import fetch, one
from tasks.statuses import ProcessStatus, StepStatus
from tasks.transitions.conditions import LEASE_SECONDS, LOCKED


@dataclass(frozen=True)
class Result:
    """What becomes of a step: a row to insert, or with `row_id` one to update. `state` and `progress` are JSON text."""

    position: int
    name: str
    status: StepStatus
    state: str
    started_at: datetime
    completed_at: datetime
    row_id: int | None = None
    parent: int | None = None
    progress: str | None = None
    again: bool = False


@dataclass(frozen=True)
class Next:
    """What becomes of the process: it goes on with `step`, or stops with `status`."""

    step: str = ""
    status: ProcessStatus = ProcessStatus.RUNNING
    failed_reason: str = ""
    traceback: str = ""
    assignee: str = "SYSTEM"
    retry_after: float | None = None
    callback_token: str | None = None
    callback_timeout: float | None = None
    job_id: int | None = None

    @property
    def stops(self) -> bool:
        """Whether this worker is done with the process. Its job, `job_id`, is then deleted with the same commit."""
        return self.status != ProcessStatus.RUNNING


@dataclass(frozen=True)
class Orders:
    """What a worker is told whenever it has recorded something: who wants it to stop, and the ids of new rows."""

    abort_requested_by: str = ""
    locked: bool = False
    rows: list[int] = field(default_factory=list)


_FENCED: Final = f"""
    UPDATE tasks_process
       SET commits = commits + 1, crashes = 0, status = %(status)s, current_step = %(step)s,
           current_step_started_at = now(), last_modified_at = now(),
           completed_at = CASE WHEN %(ended)s THEN now() END,
           lease_token = CASE WHEN %(stopped)s THEN NULL ELSE lease_token END,
           lease_expires_at = CASE WHEN %(stopped)s THEN NULL
                                   ELSE greatest(lease_expires_at, now() + make_interval(secs => {LEASE_SECONDS})) END,
           failed_reason = %(reason)s, traceback = %(traceback)s, assignee = %(assignee)s,
           retry_at = now() + make_interval(secs => %(retry)s),
           callback_token = COALESCE(%(callback_token)s, callback_token),
           callback_deadline = now() + make_interval(secs => %(callback_timeout)s)
     WHERE process_id = %(process_id)s AND lease_token = %(token)s AND status = 'running'
    RETURNING process_id, abort_requested_by"""  # noqa: S608

_RECORD: Final = f"""
WITH fenced AS ({_FENCED}), inserted AS (
    INSERT INTO tasks_processstep
           (process_id, parent_id, position, name, status, state, progress, attempts, started_at, completed_at,
            commit_hash)
    SELECT fenced.process_id, r.parent, r.position, r.name, r.status, r.state, r.progress, 1, r.started_at,
           r.completed_at, ''
      FROM fenced, jsonb_to_recordset(%(rows)s::jsonb)
                   AS r (parent bigint, position int, name text, status text, state jsonb, progress jsonb,
                         started_at timestamptz, completed_at timestamptz)
    RETURNING id
), finished AS (
    DELETE FROM procrastinate_jobs WHERE id = %(job_id)s AND status = 'doing' AND EXISTS (SELECT FROM fenced)
)
SELECT abort_requested_by, {LOCKED}, (SELECT array_agg(id ORDER BY id) FROM inserted) FROM fenced
"""  # noqa: S608

_UPDATE: Final = """
UPDATE tasks_processstep SET status = %s, state = %s::jsonb, progress = %s::jsonb, started_at = %s, completed_at = %s,
       attempts = attempts + %s WHERE id = %s"""


def record(process_id: UUID, token: UUID, results: Sequence[Result], then: Next) -> Orders:
    """Record results and where the process stands now, in one statement or transaction.

    Raises LeaseLost, with nothing written, when the lease token is not the process's any more.
    """
    added = [result for result in results if result.row_id is None]
    changed = [result for result in results if result.row_id is not None]
    parameters = _fence_parameters(process_id, token, then)
    parameters["rows"] = f"[{','.join(map(_as_json, added))}]"
    if not changed:
        return _orders(process_id, one(_RECORD, parameters))
    with transaction.atomic():
        for r in changed:
            fetch(_UPDATE, (r.status.value, r.state, r.progress, r.started_at, r.completed_at, int(r.again), r.row_id))
        return _orders(process_id, one(_RECORD, parameters))


def _as_json(result: Result) -> str:
    """Return a row to insert as JSON: one parameter for all rows is quicker to bind than an array for each column."""
    return (
        f'{{"parent":{json.dumps(result.parent)},"position":{result.position},"name":{json.dumps(result.name)},'
        f'"status":"{result.status}","state":{result.state},"progress":{result.progress or "null"},'
        f'"started_at":"{result.started_at.isoformat()}","completed_at":"{result.completed_at.isoformat()}"}}'
    )


def _fence_parameters(process_id: UUID, token: UUID, then: Next) -> dict[str, Any]:
    return {
        "process_id": process_id,
        "token": token,
        "status": then.status.value,
        "step": then.step,
        "ended": then.status in (ProcessStatus.COMPLETED, ProcessStatus.ABORTED),
        "stopped": then.stops,
        "job_id": then.job_id if then.stops else None,
        "reason": then.failed_reason,
        "traceback": then.traceback,
        "assignee": then.assignee,
        "retry": then.retry_after,
        "callback_token": then.callback_token,
        "callback_timeout": then.callback_timeout,
    }


def _orders(process_id: UUID, row: tuple[Any, ...] | None) -> Orders:
    if row is None:
        raise LeaseLost
    news.of(process_id)
    return Orders(row[0], row[1], row[2] or [])
