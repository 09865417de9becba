"""Tells what can be done with a process now, by whom, and if not, why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.utils.translation import gettext as _

from accounts.permissions import Action, Person, is_admin, may
from tasks import registry
from tasks.engine import pending
from tasks.engine.pending import Pending
from tasks.exceptions import IllegalTransition, StepError, TaskError
from tasks.models import FAILURES, TERMINAL, Process, ProcessStatus
from tasks.services.asking import permits_safely
from tasks.steps import Authorizer, Step
from tasks.workflow import WorkflowFunction

RETRYABLE: Final = (*FAILURES, ProcessStatus.WAITING)
DELETABLE: Final = (*TERMINAL, *FAILURES)


@dataclass(frozen=True)
class Availability:
    """Whether something can be done with a process now, and if not, why."""

    allowed: bool
    why_not: str = ""


@dataclass(frozen=True)
class PendingForm:
    """The form that a suspended process waits for."""

    step_name: str
    source: Any
    state: dict[str, Any]
    assignee: str


def available_actions(process: Process, user: Person | None, *, asking_code: bool = False) -> dict[str, Availability]:
    """Return what `user` can do with `process` now: retry, resume, abort, start_again, delete.

    Lists ask roles and grants only; with `asking_code` the workflow's own callbacks are asked, too, as doing it would.
    """
    name = process.workflow.name
    allowed = may(user, Action.RETRY, name)
    status = ProcessStatus(process.status)
    refused = _("You may not do this with “%(name)s”.") % {"name": name}

    @cache  # one callback may stand behind two actions
    def refusal_by(callback: Authorizer | None) -> str:
        return _refusal(callback, user, name)

    def judged(
        fits: bool,
        action: str,
        permitted: bool = allowed,
        callback_of: Callable[[Process], Authorizer | None] | None = None,
    ) -> Availability:
        if not fits:
            return Availability(False, why_not(action, status))
        if not permitted:
            return Availability(False, refused)
        if callback_of is None or not asking_code:
            return Availability(True)
        try:
            refusal = refusal_by(callback_of(process))
        except TaskError as error:  # code that cannot be loaded, or that does not fit the process any more
            refusal = str(error)
        return Availability(not refusal, refusal)

    return {
        "retry": judged(status in RETRYABLE, "retry", callback_of=retry_callback),
        "resume": judged(status == ProcessStatus.SUSPENDED, "resume", callback_of=resume_callback),
        "abort": judged(status not in TERMINAL, "abort"),
        "start_again": judged(True, "start_again", may(user, Action.START, name), start_callback),
        "delete": judged(status in DELETABLE and process.workflow.is_task, "delete", is_admin(user)),
    }


def start_refusal(workflow_name: str, user: Person | None) -> str:
    """Return why the workflow's own code does not let `user` start it; nothing when it does."""
    try:
        return _refusal(registry.get_workflow(workflow_name).authorize_callback, user, workflow_name)
    except TaskError as error:
        return str(error)


def _refusal(callback: Authorizer | None, user: Person | None, workflow_name: str) -> str:
    if user is None or permits_safely(callback, user, workflow_name):
        return ""
    return _("The code of “%(name)s” does not let you do this.") % {"name": workflow_name}


def why_not(action: str, status: str) -> str:
    """Return why a process of that status does not allow `action`."""
    sentences = {
        "retry": _("Only a failed or waiting process can be retried; this one is: %(status)s."),
        "resume": _("Only a suspended process can be resumed; this one is: %(status)s."),
        "abort": _("This process has ended: %(status)s."),
        "delete": _("Only processes of tasks that ended or failed can be deleted; this one is: %(status)s."),
    }
    return sentences[action] % {"status": ProcessStatus(status).label}


def pending_form(process: Process) -> PendingForm | None:
    """Return the form at which `process` waits; None when it does not wait for a form, or its code does not fit."""
    if process.status != ProcessStatus.SUSPENDED:
        return None
    try:
        waiting = pending_step(process)
    except TaskError:
        return None
    return PendingForm(waiting.step.name, waiting.step.form, waiting.view, str(waiting.step.assignee))


def pending_step(process: Process) -> Pending:
    """Return the step at which `process` waits. Raises IllegalTransition where there is none."""
    try:
        return pending.find(process.process_id, process.workflow.name)
    except StepError as error:
        raise IllegalTransition("resume", process.status, str(error)) from error


def retry_callback(process: Process) -> Authorizer | None:
    """Return the callback that a retry has to pass: the failed step's own one, or else the workflow's."""
    workflow: WorkflowFunction = registry.get_workflow(process.workflow.name)
    step: Step | None = next((each for each in workflow.steps if each.name == process.current_step), None)
    own = step.retry_auth if step is not None else None
    return own or workflow.retry_auth_callback or workflow.authorize_callback


def resume_callback(process: Process) -> Authorizer | None:
    """Return the callback that an answer has to pass: the waiting step's own one, or else the workflow's."""
    return pending_step(process).step.resume_auth or start_callback(process)


def start_callback(process: Process) -> Authorizer | None:
    """Return the callback that whoever starts the workflow has to pass."""
    return registry.get_workflow(process.workflow.name).authorize_callback
