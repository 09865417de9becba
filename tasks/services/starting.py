"""Starts processes: checks everything first, then writes process, inputs and queue job in one transaction.

An accepted start cannot be lost, and one that is rolled back does not run. Nothing is created by a refused start.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import connection, transaction

from accounts.permissions import Action, Person, may
from orchestrator_admin.ids import uuid7
from tasks import inputs, registry, sql
from tasks.engine.context import current_step
from tasks.exceptions import (
    NotPermitted,
    PredicateRefused,
    StartFailed,
    TaskError,
)
from tasks.models import Origin
from tasks.secrets import reveal
from tasks.services.asking import permits
from tasks.services.doors import this_door
from tasks.services.writing import Prepared, StartRequest, UserInputs, reasons, write
from tasks.workflow import PredicateContext, RunPredicateFail, WorkflowFunction

logger = structlog.get_logger(__name__)

SYSTEM: Final = "SYSTEM"


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
    with _together(requests, savepoint):
        _wait_for_turn(requests)
        prepared = [_judged(request) for request in requests]
        accepted = [each for each in prepared if isinstance(each, Prepared)]
        created = write(accepted, hold=hold_when_locked) if accepted else set()
        refusals = reasons(accepted, hold_when_locked) if len(created) < len(accepted) else {}
    _log_created([each for each in accepted if each.process_id in created])
    return [
        each
        if isinstance(each, TaskError)
        else each.process_id
        if each.process_id in created
        else refusals[each.workflow.name]
        for each in prepared
    ]


def _together(requests: Sequence[StartRequest], savepoint: bool) -> AbstractContextManager[None]:
    """Return the transaction that a start needs: none of its own where one statement is all that there is to send."""
    names = {request.workflow_name for request in requests}
    if connection.in_atomic_block or any(_has(name, option) for name in names for option in _ASKED):
        return transaction.atomic(savepoint=savepoint)
    return nullcontext()


def _wait_for_turn(requests: Sequence[StartRequest]) -> None:
    """Let one transaction at a time ask the predicates of a workflow, so that its answer still holds at the commit."""
    names = {request.workflow_name for request in requests if _has(request.workflow_name, "run_predicate")}
    for name in sorted(names):
        sql.fetch("SELECT pg_advisory_xact_lock(%s, %s)", (_PREDICATES, zlib.crc32(name.encode()) - 2**31))


def _judged(request: StartRequest) -> Prepared | TaskError:
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


def _log_created(created: Sequence[Prepared]) -> None:
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


def _prepare(request: StartRequest) -> Prepared:
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
    return Prepared(
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
