"""How refusals of `tasks.services` are answered."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from orchestrator_admin.rest.problems import Problem
from tasks import exceptions

if TYPE_CHECKING:
    from rest_framework.response import Response

STATUSES: Final[dict[type[exceptions.TaskError], HTTPStatus]] = {
    exceptions.UnknownWorkflow: HTTPStatus.BAD_REQUEST,
    exceptions.InvalidInputs: HTTPStatus.BAD_REQUEST,
    exceptions.NotPermitted: HTTPStatus.FORBIDDEN,
    exceptions.ProcessNotFound: HTTPStatus.NOT_FOUND,
    exceptions.WrongCallback: HTTPStatus.NOT_FOUND,
}


class TaskErrorsMixin:
    """A view whose services refuse with a TaskError. What is not a matter of input or rights is a conflict: 409."""

    def handle_exception(self, error: Exception) -> Response:
        if isinstance(error, exceptions.TaskError):
            error = task_problem(error)
        elif isinstance(error, exceptions.StepError):
            error = Problem(HTTPStatus.BAD_REQUEST, str(error))
        response: Response = super().handle_exception(error)  # type: ignore[misc]
        return response


def task_problem(error: exceptions.TaskError) -> Problem:
    """Return the answer for a refusal, with the fields that are to blame."""
    status = next((status for kind, status in STATUSES.items() if isinstance(error, kind)), HTTPStatus.CONFLICT)
    errors: Any = None
    if isinstance(error, exceptions.InvalidInputs):
        errors = {"user_inputs": error.errors}
    elif isinstance(error, exceptions.UnknownWorkflow | exceptions.WorkflowImportError):
        errors = {"workflow_name": [str(error)]}
    return Problem(status, str(error), errors)
