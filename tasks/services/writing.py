"""Writes processes that were found fit to start, with their inputs and queue jobs: one statement, all or nothing."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from accounts.permissions import Person
from tasks import sql
from tasks.exceptions import EngineLocked, TaskError, UnknownWorkflow
from tasks.models import Origin
from tasks.queue import RUN_PROCESS
from tasks.services.doors import this_door
from tasks.transitions import LEASE_SECONDS
from tasks.workflow import WorkflowFunction

UserInputs = Sequence[Mapping[str, Any]] | Mapping[str, Any] | None


@dataclass(frozen=True)
class StartRequest:
    """One wish to start a process. `user` None is the system itself."""

    workflow_name: str
    user_inputs: UserInputs = None
    user: Person | None = None
    origin: str = Origin.CODE
    schedule_id: UUID | None = None
    occurrence_id: UUID | None = None


@dataclass(frozen=True)
class Prepared:
    """A start that is allowed, as it will be written."""

    request: StartRequest
    workflow: WorkflowFunction
    process_id: UUID
    user_inputs: list[dict[str, Any]]
    state: dict[str, Any]
    lock: str
    first_step: str


def write(accepted: Sequence[Prepared], *, hold: bool) -> set[UUID]:
    """Write processes, inputs and jobs in one statement; return the ids of those that were created.

    Jobs are deferred by Procrastinate's own function. Under `unqueued` there are none: the processes have a lease each.
    """
    apart = this_door().unqueued
    tokens: dict[UUID, UUID] = {} if apart is None else {each.process_id: uuid.uuid4() for each in accepted}
    given = [_as_row(each, tokens.get(each.process_id)) for each in accepted]
    row = sql.one(_INSERT, {"rows": json.dumps(given), "hold": hold, "queued": apart is None})
    created = set(row[0]) if row else set()
    if apart is not None:
        apart.add({process_id: token for process_id, token in tokens.items() if process_id in created})
    return created


def reasons(accepted: Sequence[Prepared], hold: bool) -> dict[str, TaskError]:
    """Return, by workflow, why processes were not created."""
    names = {each.workflow.name for each in accepted}
    known = {row[0] for row in sql.fetch("SELECT name FROM tasks_workflow WHERE name = ANY(%s)", (list(names),))}
    row = sql.one("SELECT reason FROM tasks_enginesettings WHERE global_lock")
    locked = EngineLocked(row[0] if row else "")
    return {name: locked if name in known and not hold else UnknownWorkflow(name, part="migration") for name in names}


_INSERT: Final = f"""
WITH given AS (
    SELECT * FROM ROWS FROM (jsonb_to_recordset(%(rows)s::jsonb)
               AS (process_id uuid, name text, user_id bigint, origin text, schedule_id uuid, occurrence_id uuid,
                   queue text, priority int, lock text, limited bool, step text, token uuid, user_inputs jsonb,
                   state jsonb)) WITH ORDINALITY
), created AS (
    INSERT INTO tasks_process
           (process_id, workflow_id, status, started_at, last_modified_at, failed_reason, traceback, note, assignee,
            created_by_id, origin, schedule_id, occurrence_id, current_step, crashes, abort_requested_by,
            callback_token, queue, priority, lock, limited, commits, worker, lease_token, lease_expires_at)
    SELECT g.process_id, w.workflow_id, CASE WHEN g.token IS NULL THEN 'created' ELSE 'running' END, now(), now(), '',
           '', '', 'SYSTEM', g.user_id, g.origin, g.schedule_id, g.occurrence_id, g.step, 0, '', '', g.queue,
           g.priority, g.lock, g.limited, 0, '', g.token,
           CASE WHEN g.token IS NOT NULL THEN now() + make_interval(secs => {LEASE_SECONDS}) END
      FROM given g JOIN tasks_workflow w ON w.name = g.name
     WHERE %(hold)s OR NOT EXISTS (SELECT FROM tasks_enginesettings WHERE global_lock)
    RETURNING process_id
), kept AS (
    INSERT INTO tasks_inputstate (process_id, input_type, step, user_inputs, state, created_at, created_by_id)
    SELECT g.process_id, 'initial', '', g.user_inputs, g.state, now(), g.user_id
      FROM given g JOIN created USING (process_id)
)
SELECT array_agg(process_id), CASE WHEN %(queued)s THEN procrastinate_defer_jobs_v1(array_agg(
           ROW(g.queue, '{RUN_PROCESS}', g.priority, NULLIF(g.lock, ''), process_id::text,
               jsonb_build_object('process_id', process_id), NULL)::procrastinate_job_to_defer_v1
           ORDER BY g.ordinality)) END
  FROM given g JOIN created USING (process_id) HAVING count(*) > 0"""  # noqa: S608


def _as_row(each: Prepared, token: UUID | None) -> dict[str, Any]:
    request, workflow = each.request, each.workflow
    return {
        "process_id": str(each.process_id),
        "name": workflow.name,
        "user_id": None if request.user is None else request.user.pk,
        "origin": str(request.origin),
        "schedule_id": request.schedule_id and str(request.schedule_id),
        "occurrence_id": request.occurrence_id and str(request.occurrence_id),
        "queue": workflow.queue,
        "priority": workflow.priority,
        "lock": each.lock,
        "limited": workflow.limit is not None,
        "step": each.first_step,
        "token": token and str(token),
        "user_inputs": each.user_inputs,
        "state": each.state,
    }
