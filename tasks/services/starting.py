"""Starts processes: checks everything first, then writes process, inputs and queue job in one transaction.

An accepted start cannot be lost, and one that is rolled back does not run. Nothing is created by a refused start.
"""

from __future__ import annotations

import json
import uuid
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction

from accounts.permissions import Action, Person, may
from orchestrator_admin.ids import uuid7
from tasks import inputs, queue, registry, sql
from tasks.engine.context import current_step
from tasks.exceptions import (
    EngineLocked,
    NotPermitted,
    PredicateRefused,
    StartFailed,
    TaskError,
    UnknownWorkflow,
)
from tasks.models import Origin
from tasks.queue import Ticket
from tasks.secrets import reveal
from tasks.services.asking import permits
from tasks.services.doors import this_door
from tasks.transitions import LEASE_SECONDS
from tasks.workflow import PredicateContext, RunPredicateFail, WorkflowFunction

logger = structlog.get_logger(__name__)

SYSTEM: Final = "SYSTEM"

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
class _Prepared:
    """A start that is allowed, as it will be written."""

    request: StartRequest
    workflow: WorkflowFunction
    process_id: UUID
    user_inputs: list[dict[str, Any]]
    state: dict[str, Any]
    lock: str
    first_step: str


def start_process(
    workflow_name: str,
    user_inputs: UserInputs = None,
    user: Person | None = None,
    *,
    origin: str | None = None,
    schedule_id: UUID | None = None,
    occurrence_id: UUID | None = None,
) -> UUID:
    """Start a process of a workflow and return its id. `user_inputs` holds one mapping a form page.

    Raises a TaskError, with nothing created: UnknownWorkflow, WorkflowImportError, InvalidInputs, PredicateRefused,
    EngineLocked, NotPermitted, StartFailed when an author's code raised something;
    StartedInsideStep when called from within a step of a process.
    """
    door = this_door()
    request = StartRequest(
        workflow_name,
        user_inputs,
        user if user is not None else door.user,
        origin or door.origin or Origin.CODE,
        schedule_id or door.schedule_id,
        occurrence_id or door.occurrence_id,
    )
    found = start_many([request])[0]
    if isinstance(found, TaskError):
        raise found
    return found


def start_many(
    requests: Sequence[StartRequest], *, hold_when_locked: bool = False, savepoint: bool = True
) -> list[UUID | TaskError]:
    """Start many processes in one transaction; the answers, ids or reasons, come in the order of the requests.

    While the engine is locked all are refused, or with `hold_when_locked` created, to run after the unlock. Without
    `savepoint`, an exception spoils the caller's transaction too, which saves two round trips.
    """
    with transaction.atomic(savepoint=savepoint):
        _wait_for_turn(requests)
        prepared = [_judged(request) for request in requests]
        accepted = [each for each in prepared if isinstance(each, _Prepared)]
        created = _written(accepted, hold_when_locked) if accepted else set()
        refusals = _reasons(accepted, hold_when_locked) if len(created) < len(accepted) else {}
    _log_created([each for each in accepted if each.process_id in created])
    return [
        each
        if isinstance(each, TaskError)
        else each.process_id
        if each.process_id in created
        else refusals[each.workflow.name]
        for each in prepared
    ]


def _wait_for_turn(requests: Sequence[StartRequest]) -> None:
    """Let one transaction at a time ask the predicates of a workflow, so that its answer still holds at the commit."""
    names = {request.workflow_name for request in requests if _has(request.workflow_name, "run_predicate")}
    for name in sorted(names):
        sql.fetch("SELECT pg_advisory_xact_lock(%s, %s)", (_PREDICATES, zlib.crc32(name.encode()) - 2**31))


def _judged(request: StartRequest) -> _Prepared | TaskError:
    """Return the start as it will be written, or why there is none. Whatever an author's code raises is a reason."""
    running = current_step()
    if running is not None:
        return running.refuse_start(request.workflow_name)
    try:
        if not any(_has(request.workflow_name, name) for name in _ASKED):
            return _prepare(request)
        with transaction.atomic():  # a statement of the author's that fails must not spoil the others' transaction
            return _prepare(request)
    except TaskError as error:
        return error
    except sql.CONNECTION_TROUBLE:
        raise
    except Exception as error:
        logger.exception("start_failed", workflow_name=request.workflow_name)
        return StartFailed(request.workflow_name, error)


_ASKED: Final = ("initial_input_form", "run_predicate", "authorize_callback", "lock")
_PREDICATES: Final = 7_203_917
_MOST_LINES: Final = 20


def _has(workflow_name: str, option: str) -> bool:
    """Tell whether the workflow has code of that kind to be asked. One that cannot be loaded is refused later on."""
    try:
        return getattr(registry.get_workflow(workflow_name), option) is not None
    except TaskError:
        return False


def _log_created(created: Sequence[_Prepared]) -> None:
    """Log each of a few processes, and of many how many they are."""
    if len(created) > _MOST_LINES:
        logger.info("processes_created", count=len(created), first=str(created[0].process_id))
        return
    for each in created:
        logger.info("process_created", process_id=str(each.process_id), workflow_name=each.workflow.name)


def authorise(workflow: WorkflowFunction, user: Person | None) -> None:
    """Raises NotPermitted unless `user` may start the workflow, by role, by grant and by its own callback."""
    if not may(user, Action.START, workflow.name):
        raise NotPermitted(Action.START, workflow.name)
    if user is not None and not permits(workflow.authorize_callback, user):
        raise NotPermitted(Action.START, workflow.name)


def _prepare(request: StartRequest) -> _Prepared:
    workflow = registry.get_workflow(request.workflow_name)
    authorise(workflow, request.user)
    process_id = uuid7()
    initial = {
        "process_id": str(process_id),
        "reporter": request.user.get_username() if request.user is not None else SYSTEM,
        "workflow_name": workflow.name,
        "workflow_target": workflow.target.value,
    }
    given = inputs.complete(
        workflow.initial_input_form, as_pages(request.user_inputs), state=dict(initial), user=request.user
    )
    state = {**given.values, **initial}
    plain = reveal(state)[0]
    _ask_predicate(workflow, request, given.inputs, plain)
    held = workflow.lock(plain) if workflow.lock is not None else None
    steps = workflow.steps
    return _Prepared(
        request,
        workflow,
        process_id,
        given.inputs,
        state,
        "" if held is None else str(held),
        steps[0].name if steps else "",
    )


def as_pages(user_inputs: UserInputs) -> list[Mapping[str, Any]]:
    """Return inputs as one mapping a form page."""
    if user_inputs is None:
        return []
    return [user_inputs] if isinstance(user_inputs, Mapping) else list(user_inputs)


def _ask_predicate(
    workflow: WorkflowFunction, request: StartRequest, user_inputs: list[dict[str, Any]], state: dict[str, Any]
) -> None:
    if workflow.run_predicate is None:
        return
    answer: Any = workflow.run_predicate(PredicateContext(workflow, user_inputs, state, request.user))
    if isinstance(answer, RunPredicateFail):
        raise PredicateRefused(workflow.name, answer.message)
    if answer is False:
        raise PredicateRefused(workflow.name)


_INSERT: Final = f"""
WITH given AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb)
               AS g (process_id uuid, name text, user_id bigint, origin text, schedule_id uuid, occurrence_id uuid,
                     queue text, priority int, lock text, limited bool, step text, token uuid, user_inputs jsonb,
                     state jsonb)
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
SELECT process_id FROM created"""  # noqa: S608


def _as_row(each: _Prepared, token: UUID | None) -> dict[str, Any]:
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


def _written(accepted: Sequence[_Prepared], hold: bool) -> set[UUID]:
    """Write processes, inputs and jobs; return the ids of those that were created."""
    apart = this_door().unqueued
    tokens: dict[UUID, UUID] = {} if apart is None else {each.process_id: uuid.uuid4() for each in accepted}
    given = [_as_row(each, tokens.get(each.process_id)) for each in accepted]
    rows = sql.fetch(_INSERT, {"rows": json.dumps(given), "hold": hold})
    created = {row[0] for row in rows}
    if apart is None:
        queue.enqueue(
            [
                Ticket(each.process_id, each.workflow.queue, each.workflow.priority, each.lock)
                for each in accepted
                if each.process_id in created
            ]
        )
    else:
        apart.add({process_id: token for process_id, token in tokens.items() if process_id in created})
    return created


def _reasons(accepted: Sequence[_Prepared], hold: bool) -> dict[str, TaskError]:
    """Return, by workflow, why processes were not created."""
    names = {each.workflow.name for each in accepted}
    known = {row[0] for row in sql.fetch("SELECT name FROM tasks_workflow WHERE name = ANY(%s)", (list(names),))}
    row = sql.one("SELECT reason FROM tasks_enginesettings WHERE global_lock")
    locked = EngineLocked(row[0] if row else "")
    return {name: locked if name in known and not hold else UnknownWorkflow(name, part="migration") for name in names}
