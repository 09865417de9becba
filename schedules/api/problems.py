"""How refusals of `schedules.services` are answered."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from orchestrator_admin.rest.problems import Problem
from schedules import exceptions
from schedules.triggers import TriggerError
from tasks.api.problems import TaskErrorsMixin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.response import Response

STATUSES: Final[dict[type[exceptions.ScheduleError], HTTPStatus]] = {
    exceptions.InvalidSchedule: HTTPStatus.BAD_REQUEST,
    exceptions.NotPermitted: HTTPStatus.FORBIDDEN,
    exceptions.ScheduleNotFound: HTTPStatus.NOT_FOUND,
    exceptions.Conflict: HTTPStatus.PRECONDITION_FAILED,
}


class ScheduleErrorsMixin(TaskErrorsMixin):
    """A view whose services refuse with a ScheduleError, TriggerError or TaskError."""

    def handle_exception(self, error: Exception) -> Response:
        if isinstance(error, exceptions.ScheduleError):
            status = next((status for kind, status in STATUSES.items() if isinstance(error, kind)), HTTPStatus.CONFLICT)
            errors = by_field(error.errors) if isinstance(error, exceptions.InvalidSchedule) else None
            error = Problem(status, str(error), errors)
        elif isinstance(error, TriggerError):
            error = Problem(HTTPStatus.BAD_REQUEST, str(error), by_field(trigger_fields(error.errors)))
        return super().handle_exception(error)


def trigger_fields(errors: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return the errors of a trigger under the names that they have in a request."""
    own = {"trigger", "trigger_kwargs"}
    return {path if path in own else f"trigger_kwargs.{path}": messages for path, messages in errors.items()}


def by_field(errors: Mapping[str, list[str]]) -> dict[str, Any]:
    """Turn paths such as `trigger_kwargs.minutes` into objects within objects, as the request has them.

    `user_inputs` is a list of pages there, and here: an object for each page up to the last one that is wrong, empty
    for a page with nothing wrong. A start of a process is refused in the same form.
    """
    nested: dict[str, Any] = {}
    for path, messages in sorted(errors.items(), key=lambda item: item[0].count(".")):
        place = nested
        *outer, field = path.split(".")
        for name in outer:
            inner = place.setdefault(name, {})
            if isinstance(inner, list):  # the outer one is itself to blame: keep both readable
                inner = place[name] = {"non_field_errors": inner}
            place = inner
        place[field] = [str(message) for message in messages]
    pages = nested.get("user_inputs")
    if isinstance(pages, dict):
        nested["user_inputs"] = [pages.get(str(number), {}) for number in range(max(map(int, pages)) + 1)]
    return nested
