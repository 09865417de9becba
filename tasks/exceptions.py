"""What can go wrong in this application. `str(error)` is a sentence fit for the people who asked for something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _


class TaskError(Exception):
    """Base of everything that services of this application refuse with."""


class UnknownWorkflow(TaskError):
    """There is no workflow of that name, in code or in the database."""

    def __init__(self, name: str, *, part: str = "") -> None:
        super().__init__(name)
        self.name = name
        self.part = part

    def __str__(self) -> str:
        if self.part == "migration":
            sentences = _("The workflow “%(name)s” is not in the database: a migration has to add it. “manage.py "
                          "maketaskmigration APP” writes one, “manage.py migrate” applies it.")  # fmt: skip
            return sentences % vars(self)
        return _("There is no workflow “%(name)s”.") % {"name": self.name}


class WorkflowImportError(TaskError):
    """The code of a workflow cannot be imported."""

    def __init__(self, name: str, module: str, file: str, cause: BaseException) -> None:
        super().__init__(name, module, file)
        self.name, self.module, self.file, self.cause = name, module, file, cause

    def __str__(self) -> str:
        return _("The workflow “%(name)s” cannot be loaded from %(file)s: %(kind)s: %(cause)s") % {
            "name": self.name,
            "file": self.file,
            "kind": type(self.cause).__name__,
            "cause": self.cause,
        }


class InvalidInputs(TaskError):
    """Inputs are wrong or missing. `errors` holds one mapping of field to messages for each form page."""

    def __init__(self, errors: list[dict[str, list[str]]]) -> None:
        super().__init__(errors)
        self.errors = errors

    def __str__(self) -> str:
        found = [
            f"{field}: {message}" if field != "__all__" else message
            for page in self.errors
            for field, messages in page.items()
            for message in messages
        ]
        listed = "; ".join([*(each.removesuffix(".") for each in found[:-1]), *found[-1:]])
        return _("The inputs are not valid. %(errors)s") % {"errors": listed}


class PredicateRefused(TaskError):
    """The workflow's run predicate does not allow a run now; `message` is the predicate's."""

    def __init__(self, workflow_name: str, message: str = "") -> None:
        super().__init__(workflow_name, message)
        self.workflow_name, self.message = workflow_name, message

    def __str__(self) -> str:
        return self.message or _("“%(name)s” may not run now: its predicate refused.") % {"name": self.workflow_name}


class EngineLocked(TaskError):
    """The engine is locked."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        if self.reason:
            return _("The engine is locked: %(reason)s") % {"reason": self.reason}
        return _("The engine is locked. Nothing starts until it is unlocked.")


class NotPermitted(TaskError):
    """Somebody may not do this."""

    def __init__(self, action: str = "", workflow_name: str = "") -> None:
        super().__init__(action, workflow_name)
        self.action, self.workflow_name = action, workflow_name

    def __str__(self) -> str:
        if self.workflow_name:
            return _("You may not do this with “%(name)s”.") % {"name": self.workflow_name}
        return _("You may not do this.")


class AuthorisationFailed(NotPermitted):
    """The callback that says who may do this raised `cause`: so nobody may."""

    def __init__(self, workflow_name: str, cause: BaseException) -> None:
        super().__init__("", workflow_name)
        self.cause = cause

    def __str__(self) -> str:
        return _("Nobody may do this now: asking the code of “%(name)s” ended in %(kind)s: %(cause)s") % {
            "name": self.workflow_name,
            "kind": type(self.cause).__name__,
            "cause": self.cause,
        }


class IllegalTransition(TaskError):
    """A process is not in a state that allows this."""

    def __init__(self, action: str, status: str, why: str = "") -> None:
        super().__init__(action, status, why)
        self.action, self.status, self.why = action, status, why

    def __str__(self) -> str:
        return self.why or _("A process that is %(status)s cannot be changed this way (%(action)s).") % vars(self)


class StartFailed(TaskError):
    """The code of a workflow that is asked before a start (form, predicate, authorisation, lock) raised `__cause__`."""

    def __init__(self, workflow_name: str, cause: BaseException) -> None:
        super().__init__(workflow_name, cause)
        self.workflow_name = workflow_name
        self.__cause__ = cause

    def __str__(self) -> str:
        return _("“%(name)s” cannot be started: %(kind)s: %(cause)s") % {
            "name": self.workflow_name,
            "kind": type(self.__cause__).__name__,
            "cause": self.__cause__,
        }


class StartedInsideStep(TaskError):
    """A step tried to start another process."""

    def __init__(self, workflow_name: str, step: str) -> None:
        super().__init__(workflow_name, step)
        self.workflow_name, self.step = workflow_name, step

    def __str__(self) -> str:
        return _(
            "The step “%(step)s” tried to start “%(name)s”. A step cannot start processes: start several tasks in "
            "concert from a schedule function, or do the work in a step of this workflow."
        ) % {"step": self.step, "name": self.workflow_name}


class ProcessNotFound(TaskError):
    """There is no such process, or the one who asks may not see it."""

    def __init__(self, process_id: UUID | str) -> None:
        super().__init__(process_id)
        self.process_id = process_id

    def __str__(self) -> str:
        return _("There is no process %(id)s.") % {"id": self.process_id}


class WrongCallback(TaskError):
    """A callback came for a process that does not wait for it, or with another token."""

    def __str__(self) -> str:
        return _("No process waits for this callback.")


# What steps raise, and what the engine makes of it.


class InconsistentDataError(Exception):
    """Raised by a step: two systems disagree. The process ends as `inconsistent_data`."""


class ApiException(Exception):
    """Raised by a step: another system's API answered with an error, or not at all (`api_unavailable`)."""

    def __init__(self, status: int | None = None, reason: str | None = None, http_resp: Any = None) -> None:
        super().__init__(status, reason)
        self.status = status if http_resp is None else http_resp.status
        self.reason = reason if http_resp is None else http_resp.reason
        self.body = None if http_resp is None else http_resp.data
        self.headers = None if http_resp is None else http_resp.getheaders()

    def __str__(self) -> str:
        return f"({self.status}) {self.reason}" + (f" {self.body}" if self.body else "")


class ProcessFailureError(Exception):
    """Raised by a step: `message` becomes the reason, `details` are kept with it."""

    def __init__(self, message: str, details: Any = None) -> None:
        super().__init__(message, details)
        self.message, self.details = message, details

    def __str__(self) -> str:
        return self.message


# What the engine itself makes a step fail with.


class StepError(Exception):
    """A step cannot be run, or its result not be stored. The message says why."""


class MissingArgument(StepError):
    """The state does not hold what a step function asks for."""

    def __init__(self, function: str, names: Sequence[str]) -> None:
        quoted = ", ".join(f"“{name}”" for name in names)
        super().__init__(f"The function {function} needs {quoted}, which the state does not hold.")


class StateNotStorable(StepError):
    """What a step returned does not fit into a state."""


class DefinitionChanged(StepError):
    """The workflow was changed under a running process in a way that leaves no right place to continue."""


class LeaseLost(Exception):
    """Another worker, the sweeper or a person took the process: this run of it must end without a trace."""
