"""The only writer of a process's status. Each function is a compare-and-set: it changes what is expected, or nothing.

What may follow what stands in `statuses.LEGAL`, which a trigger in the database enforces as well. A process that runs
belongs to whoever holds its lease token: only with it can results be recorded, and whoever takes the process away
(the sweeper, a person) takes the token away. Times are the database's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from tasks.exceptions import LeaseLost
from tasks.sql import fetch, one
from tasks.statuses import FAILURES, QUEUED, ProcessStatus, StepStatus

LEASE_SECONDS: Final = 30
ABORTED_STEP: Final = "User aborted"


@dataclass(frozen=True)
class Claimed:
    """What a worker gets to know when it takes a process. `initial` is JSON text."""

    workflow_name: str
    is_task: bool
    commits: int
    crashes: int
    initial: str
    abort_requested_by: str
    has_history: bool
    limited: bool
    current_step: str


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


_LOCKED: Final = "EXISTS (SELECT FROM tasks_enginesettings WHERE global_lock)"

_CLAIM: Final = f"""
UPDATE tasks_process AS p
   SET status = 'running', lease_token = %(token)s, lease_expires_at = now() + make_interval(secs => {LEASE_SECONDS}),
       worker = %(worker)s, first_run_at = COALESCE(p.first_run_at, now()), last_modified_at = now(),
       current_step_started_at = now(), retry_at = NULL
  FROM tasks_workflow AS w
 WHERE p.process_id = %(process_id)s AND w.workflow_id = p.workflow_id
   AND (p.status IN ('created', 'resumed') AND NOT {_LOCKED} AND (NOT p.limited OR %(admitted)s)
        OR p.status = 'running' AND p.lease_token = %(token)s)
RETURNING w.name, w.is_task, p.commits, p.crashes,
          (SELECT i.state FROM tasks_inputstate i
            WHERE i.process_id = p.process_id AND i.input_type = 'initial' LIMIT 1),
          p.abort_requested_by, EXISTS (SELECT FROM tasks_processstep s WHERE s.process_id = p.process_id), p.limited,
          p.current_step
"""  # noqa: S608


def claim(process_id: UUID, token: UUID, worker: str, *, admitted: bool = False) -> Claimed | None:
    """Take a queued process under a new lease; None when it is not queued, or the engine is locked.

    One whose workflow limits how many run at once is taken only when it was `admitted`: see `limits.py`.
    Asked again with the same token after an uncertain answer, it answers the same.
    """
    row = one(_CLAIM, {"process_id": process_id, "token": token, "worker": worker, "admitted": admitted})
    if row is None:
        return None
    name, is_task, commits, crashes, initial, *others = row
    return Claimed(name, is_task, commits, crashes, initial or "{}", *others)


def begin_step(process_id: UUID, token: UUID, step: str) -> None:
    """Say which step comes now, so that a crash can be told by its name. Part of the claim's transaction."""
    fetch(
        "UPDATE tasks_process SET current_step = %s WHERE process_id = %s AND lease_token = %s",
        (step, process_id, token),
    )


def renew(tokens: dict[UUID, UUID]) -> set[UUID]:
    """Prolong the leases of processes (id → token) and return the ids of those that are still held."""
    rows = fetch(
        f"""
        UPDATE tasks_process p SET lease_expires_at = now() + make_interval(secs => {LEASE_SECONDS})
          FROM unnest(%s::uuid[], %s::uuid[]) AS held (process_id, token)
         WHERE p.process_id = held.process_id AND p.lease_token = held.token AND p.status = 'running'
        RETURNING p.process_id""",  # noqa: S608
        (list(tokens), list(tokens.values())),
    )
    return {row[0] for row in rows}


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
SELECT abort_requested_by, {_LOCKED}, (SELECT array_agg(id ORDER BY id) FROM inserted) FROM fenced
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
        return _orders(one(_RECORD, parameters))
    with transaction.atomic():
        for r in changed:
            fetch(_UPDATE, (r.status.value, r.state, r.progress, r.started_at, r.completed_at, int(r.again), r.row_id))
        return _orders(one(_RECORD, parameters))


def hand_back(process_id: UUID, token: UUID) -> bool:
    """Put a running process back among the queued ones. The caller gives it a job, in the same transaction."""
    return bool(
        fetch(
            "UPDATE tasks_process SET status = 'resumed', lease_token = NULL, lease_expires_at = NULL, worker = '', "
            "last_modified_at = now() WHERE process_id = %s AND lease_token = %s AND status = 'running' "
            "RETURNING process_id",
            (process_id, token),
        )
    )


_STOPPABLE: Final = [
    *QUEUED, ProcessStatus.SUSPENDED, ProcessStatus.WAITING, ProcessStatus.AWAITING_CALLBACK, *FAILURES,
]  # fmt: skip

_ABORT: Final = """
WITH stopped AS (
    UPDATE tasks_process
       SET status = 'aborted', completed_at = now(), last_modified_at = now(), lease_token = NULL,
           lease_expires_at = NULL, retry_at = NULL, callback_token = '', callback_deadline = NULL,
           abort_requested_by = %(by)s, failed_reason = %(reason)s
     WHERE process_id = %(process_id)s AND {condition}
    RETURNING process_id
)
INSERT INTO tasks_processstep
       (process_id, position, name, status, state, attempts, started_at, completed_at, commit_hash)
SELECT process_id, (SELECT count(*) FROM tasks_processstep s WHERE s.process_id = stopped.process_id
                       AND s.parent_id IS NULL AND s.status IN ('success', 'skipped', 'complete')),
       '{step}', 'abort', jsonb_build_object('aborted_by', %(by)s::text), 1, now(), now(), ''
  FROM stopped RETURNING process_id
"""


def abort_running(process_id: UUID, token: UUID, *, by: str, reason: str) -> bool:
    """End a running process as aborted, by the one that holds its lease."""
    statement = _ABORT.format(condition="lease_token = %(token)s AND status = 'running'", step=ABORTED_STEP)
    return bool(fetch(statement, {"process_id": process_id, "token": token, "by": by, "reason": reason}))


def abort_stopped(process_id: UUID, *, by: str, reason: str) -> bool:
    """End a process that does not run as aborted; False when it runs, or ended already."""
    statement = _ABORT.format(condition="status = ANY(%(stoppable)s)", step=ABORTED_STEP)
    stoppable = [status.value for status in _STOPPABLE]
    return bool(fetch(statement, {"process_id": process_id, "by": by, "reason": reason, "stoppable": stoppable}))


def request_abort(process_id: UUID, *, by: str) -> bool:
    """Ask for a running process to be aborted after its current step."""
    return bool(
        fetch(
            "UPDATE tasks_process SET abort_requested_by = %s, last_modified_at = now() "
            "WHERE process_id = %s AND status = 'running' RETURNING process_id",
            (by, process_id),
        )
    )


def resume(process_id: UUID, expected: Iterable[ProcessStatus]) -> bool:
    """Queue a process again that stopped with one of the `expected` statuses. The caller gives it a job."""
    return bool(
        fetch(
            "UPDATE tasks_process SET status = 'resumed', last_modified_at = now(), retry_at = NULL, "
            "failed_reason = '', traceback = '', callback_token = '', callback_deadline = NULL, "
            "assignee = 'SYSTEM', completed_at = NULL, abort_requested_by = '' "
            "WHERE process_id = %s AND status = ANY(%s) RETURNING process_id",
            (process_id, [status.value for status in expected]),
        )
    )


def fail_waiting(process_id: UUID, expected: ProcessStatus, *, reason: str) -> bool:
    """Fail a process that waited in vain."""
    return bool(
        fetch(
            "UPDATE tasks_process SET status = 'failed', last_modified_at = now(), failed_reason = %s, "
            "callback_token = '', callback_deadline = NULL WHERE process_id = %s AND status = %s RETURNING process_id",
            (reason, process_id, expected.value),
        )
    )


def take_from_lost_worker(
    process_id: UUID, token: UUID, commits: int, status: ProcessStatus, *, reason: str, retry: float | None
) -> bool:
    """End the run of a worker whose lease ran out. It cannot record anything any more.

    `commits` is what was recorded when it was looked at: who has recorded since then lives, and goes on.
    """
    return bool(
        fetch(
            "UPDATE tasks_process SET status = %s, failed_reason = %s, traceback = '', last_modified_at = now(), "
            "crashes = crashes + 1, lease_token = NULL, lease_expires_at = NULL, "
            "retry_at = now() + make_interval(secs => %s) "
            "WHERE process_id = %s AND lease_token = %s AND commits = %s AND status = 'running' "
            "AND lease_expires_at < now() "
            "RETURNING process_id",
            (status.value, reason, retry, process_id, token, commits),
        )
    )


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


def _orders(row: tuple[Any, ...] | None) -> Orders:
    if row is None:
        raise LeaseLost
    return Orders(row[0], row[1], row[2] or [])
