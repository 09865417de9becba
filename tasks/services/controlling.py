"""Retries, resumes, aborts and deletes processes, by people or by the system (`user` None).

What is done is recorded in the same transaction: by whom, through which door (`origin`), and the failure it put an end
to. Only of retries by the system there is no record: an author's code may retry for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.permissions import Action, Person, is_admin, may
from tasks import inputs, limits, queue, sql, transitions
from tasks.engine import pending
from tasks.exceptions import EngineLocked, IllegalTransition, NotPermitted, ProcessNotFound, TaskError
from tasks.models import Act, InputState, Origin, Process, ProcessStatus
from tasks.secrets import reveal
from tasks.services.acting import name_of, record
from tasks.services.asking import permits_safely
from tasks.services.availability import DELETABLE, RETRYABLE, pending_step, retry_callback, start_callback, why_not
from tasks.services.starting import as_pages, start_process
from tasks.services.writing import UserInputs
from tasks.steps import Authorizer
from tasks.sweeper import CRASHES_UNTIL_QUARANTINE

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Result:
    """What became of one process of a bulk action."""

    process_id: UUID
    ok: bool
    message: str = ""


@sql.again_when_deadlocked
def retry_process(process_id: UUID, *, user: Person | None = None, origin: str | None = None) -> Process:
    """Run a failed or waiting process again from the step that failed.

    Raises ProcessNotFound, NotPermitted, EngineLocked, IllegalTransition.
    """
    process = _found(process_id)
    _authorise(process, user, _("retry"), retry_callback)
    with transaction.atomic():
        _refuse_when_locked()
        if user is not None:
            record(process.process_id, Act.RETRIED, user, origin)
        if not transitions.resume(process.process_id, RETRYABLE):
            raise _illegal(process, "retry")
        queue.enqueue_again([process.process_id])
    logger.info("process_retried", process_id=str(process_id), user=name_of(user))
    return _found(process_id)


@sql.again_when_deadlocked
def resume_process(
    process_id: UUID, user_inputs: UserInputs = None, *, user: Person | None = None, origin: str | None = None
) -> Process:
    """Answer the form at which a process waits; one that failed or waits for a retry is retried.

    Raises ProcessNotFound, NotPermitted, EngineLocked, IllegalTransition, and InvalidInputs with nothing changed.
    """
    process = _found(process_id)
    if process.status in RETRYABLE:
        return retry_process(process_id, user=user, origin=origin)
    if process.status != ProcessStatus.SUSPENDED:
        raise _illegal(process, "resume")
    waiting = pending_step(process)
    _authorise(process, user, _("resume"), lambda process: waiting.step.resume_auth or start_callback(process))
    state = dict(waiting.view)
    given = inputs.complete(waiting.step.form, as_pages(user_inputs), state=state, user=user)
    with transaction.atomic():
        _refuse_when_locked()
        _hold(process, ProcessStatus.SUSPENDED, "resume")
        record(process.process_id, Act.RESUMED, user, origin)
        waiting = pending_step(process)
        InputState.objects.create(
            process=process,
            input_type="resume",
            step=waiting.step.name,
            user_inputs=given.inputs,
            state=given.values,
            created_by_id=getattr(user, "pk", None),
        )
        pending.complete(waiting, reveal(given.values)[0])
        transitions.resume(process.process_id, [ProcessStatus.SUSPENDED])
        queue.enqueue_again([process.process_id])
    logger.info("process_resumed", process_id=str(process_id), step=waiting.step.name, user=name_of(user))
    return _found(process_id)


@sql.again_when_deadlocked
def abort_process(process_id: UUID, *, user: Person | None = None, origin: str | None = None) -> Process:
    """End a process; one that runs ends after its current step.

    Raises ProcessNotFound, NotPermitted, IllegalTransition.
    """
    process = _found(process_id)
    _authorise(process, user, _("abort"))
    by = name_of(user)
    reason = _("Aborted by %(user)s.") % {"user": by}
    with transaction.atomic():
        # First the job, in the order in which workers take both: otherwise each of us could wait for the other.
        queue.forget([process.process_id])
        record(process.process_id, Act.ABORTED, user, origin)
        # The last try is for one that ran at the first and has stopped by the second.
        if not (
            transitions.abort_stopped(process.process_id, by=by, reason=reason)
            or transitions.request_abort(process.process_id, by=by)
            or transitions.abort_stopped(process.process_id, by=by, reason=reason)
        ):
            raise _illegal(_found(process_id), "abort")
    if process.limited:
        # It may have been its turn. After the commit of a step that aborts it, which would hold the workflow's lock.
        transaction.on_commit(lambda: limits.wake_next(process.workflow.name))
    logger.info("process_aborted", process_id=str(process_id), user=by)
    return _found(process_id)


def start_again(process_id: UUID, *, user: Person | None = None, origin: str = Origin.CODE) -> UUID:
    """Start a new process of the same workflow with the same inputs. Raises what `start_process` raises."""
    process = _found(process_id)
    first = process.inputs.filter(input_type="initial").first()
    return start_process(process.workflow.name, first.user_inputs if first else [], user, origin=origin)


@sql.again_when_deadlocked
def delete_process(process_id: UUID, *, user: Person | None = None) -> None:
    """Delete a process of a task that has ended or failed, with all that is recorded of it."""
    process = _found(process_id)
    if not is_admin(user):
        raise NotPermitted(_("delete"), process.workflow.name)
    if not process.workflow.is_task:
        raise IllegalTransition("delete", process.status, _("Only processes of tasks can be deleted."))
    deleted, _rows = Process.objects.filter(pk=process.pk, status__in=DELETABLE).delete()
    if not deleted:
        raise _illegal(process, "delete")
    logger.info("process_deleted", process_id=str(process_id), user=name_of(user))


def set_note(process_id: UUID, text: str, *, user: Person | None = None, origin: str | None = None) -> Process:
    """Replace the note on a process. Raises ProcessNotFound, NotPermitted."""
    process = _found(process_id)
    _authorise(process, user, _("note"))
    new = text.replace("\x00", "")
    if new != process.note:
        with transaction.atomic():
            record(process.process_id, Act.NOTED, user, origin)
            Process.objects.filter(pk=process.pk).update(note=new)
    return _found(process_id)


def bulk(action: str, ids: Sequence[UUID], *, user: Person | None = None, origin: str | None = None) -> list[Result]:
    """Do `retry`, `resume`, `abort` or `delete` with each process by itself, and say what became of it.

    A step in quarantine is not retried this way: it killed its worker three times and deserves a look.
    """
    done: dict[str, Callable[..., Any]] = {
        "retry": partial(_retry_unless_quarantined, origin=origin),
        "resume": partial(_retry_unless_quarantined, origin=origin),
        "abort": partial(abort_process, origin=origin),
        "delete": delete_process,
    }
    results = []
    for process_id in dict.fromkeys(ids):
        try:
            done[action](process_id, user=user)
        except TaskError as error:
            results.append(Result(process_id, False, str(error)))
        else:
            results.append(Result(process_id, True))
    return results


def _retry_unless_quarantined(process_id: UUID, *, user: Person | None, origin: str | None) -> None:
    process = _found(process_id)
    if process.crashes >= CRASHES_UNTIL_QUARANTINE:
        why = _("The step “%(step)s” killed its worker three times. Look at it, and retry it by itself.")
        raise IllegalTransition("retry", process.status, why % {"step": process.current_step})
    retry_process(process_id, user=user, origin=origin)


def _found(process_id: UUID) -> Process:
    try:
        return Process.objects.select_related("workflow", "created_by").get(pk=process_id)
    except (Process.DoesNotExist, ValueError, TypeError):
        raise ProcessNotFound(process_id) from None


def _authorise(
    process: Process,
    user: Person | None,
    action: str,
    callback_of: Callable[[Process], Authorizer | None] | None = None,
) -> None:
    """Raises NotPermitted unless role, grants and the workflow's own callback allow it.

    What the callback would say of a workflow whose code cannot be loaded nobody knows: that is raised, too.
    """
    if user is None:
        return
    name = process.workflow.name
    if not may(user, Action.RETRY, name) or not permits_safely(callback_of and callback_of(process), user, name):
        raise NotPermitted(action, name)


def _hold(process: Process, expected: ProcessStatus, action: str) -> None:
    """Lock the process row until the transaction ends. Raises IllegalTransition when its status changed meanwhile."""
    held = sql.one("SELECT status FROM tasks_process WHERE process_id = %s FOR UPDATE", (process.process_id,))
    if held is None:
        raise ProcessNotFound(process.process_id)
    if held[0] != expected:
        raise IllegalTransition(action, held[0])


def _refuse_when_locked() -> None:
    row = sql.one("SELECT reason FROM tasks_enginesettings WHERE global_lock")
    if row is not None:
        raise EngineLocked(row[0])


def _illegal(process: Process, action: str) -> IllegalTransition:
    return IllegalTransition(action, process.status, why_not(action, process.status))
