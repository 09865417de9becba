"""Takes what other systems call back with. The token in the route is the permission."""

from __future__ import annotations

import secrets
from typing import Any, Final
from uuid import UUID

import structlog
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import transaction

from tasks import queue, sql, transitions
from tasks.engine import pending
from tasks.exceptions import InvalidInputs, StateNotStorable, StepError, WrongCallback
from tasks.models import InputState, Process, ProcessStatus
from tasks.state import dumps

logger = structlog.get_logger(__name__)

PROGRESS_KEY: Final = "callback_progress"


@sql.again_when_deadlocked
def receive_callback(process_id: UUID, token: str, payload: Any) -> Process:
    """Complete the step that waits for this callback. One that comes too early is kept until the step waits.

    Raises WrongCallback for another token, a process that waits for nothing, or a callback that came before; and
    InvalidInputs for a payload that the database cannot hold.
    """
    _storable(payload)
    with transaction.atomic():
        name, status = _held(process_id, token)
        if status == ProcessStatus.AWAITING_CALLBACK:
            try:
                waiting = pending.find(process_id, name)
                pending.complete(waiting, {waiting.step.key: payload})
            except StateNotStorable as error:  # together with what the state holds already
                raise InvalidInputs([{NON_FIELD_ERRORS: [str(error)]}]) from error
            except StepError as error:
                raise WrongCallback from error
            transitions.resume(process_id, [ProcessStatus.AWAITING_CALLBACK])
            queue.enqueue_again([process_id])
        elif status == ProcessStatus.RUNNING and not _kept(process_id, token).exists():
            InputState.objects.create(
                process_id=process_id, input_type="callback", step=token[:64], state={"payload": payload}
            )
        else:
            raise WrongCallback
    logger.info("callback_received", process_id=str(process_id), status=status)
    return Process.objects.select_related("workflow").get(pk=process_id)


def report_progress(process_id: UUID, token: str, payload: Any) -> Process:
    """Keep what another system says of its progress, in the row of the step that waits, under `callback_progress`.

    Raises WrongCallback and InvalidInputs as `receive_callback` does.
    """
    text = _storable(payload, PROGRESS_KEY)
    with transaction.atomic():
        _held(process_id, token)
        sql.fetch(
            "UPDATE tasks_processstep SET state = state || %s::jsonb, completed_at = now() "
            "WHERE process_id = %s AND status = 'awaiting_callback'",
            (text, process_id),
        )
        sql.fetch("SELECT pg_notify('orchestrator_process', %s)", (str(process_id),))
    return Process.objects.select_related("workflow").get(pk=process_id)


def _storable(payload: Any, key: str = "payload") -> str:
    """Return what came as JSON text. Raises InvalidInputs for what cannot be stored, forged secrets included."""
    try:
        return dumps({key: payload})
    except StateNotStorable as error:
        raise InvalidInputs([{NON_FIELD_ERRORS: [str(error)]}]) from error


def _kept(process_id: UUID, token: str) -> Any:
    return InputState.objects.filter(process_id=process_id, input_type="callback", step=token[:64])


def _held(process_id: UUID, token: str) -> tuple[str, str]:
    """Lock the process row; return workflow and status. Raises WrongCallback unless `token` is the process's."""
    row = sql.one(
        "SELECT w.name, p.status, p.callback_token FROM tasks_process p JOIN tasks_workflow w USING (workflow_id) "
        "WHERE p.process_id = %s FOR UPDATE OF p",
        (process_id,),
    )
    if row is None or not row[2] or not secrets.compare_digest(row[2].encode(), token.encode()):
        raise WrongCallback
    return row[0], row[1]
