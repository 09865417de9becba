"""Refusals: problem details (RFC 9457) with the errors by field under `errors`. Never HTML, never a traceback.

Errors of the services become answers without being known here: they say of themselves how they answer, with
`http_status`, and with `errors` where fields are to blame.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError
from django.http import Http404, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.exceptions import PermissionDenied as RestPermissionDenied
from rest_framework.response import Response
from rest_framework.settings import api_settings

from orchestrator_admin.rest.parsing import TooLarge

if TYPE_CHECKING:
    from django.http import HttpRequest

MEDIA_TYPE: Final = "application/problem+json"
log = structlog.get_logger(__name__)


class Problem(APIException):
    """A refusal with a status of its own, and errors by field where fields are to blame."""

    def __init__(self, status: int, detail: str, errors: Any = None) -> None:
        super().__init__(detail)
        self.status_code = status
        self.errors = errors


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception of a view into an answer; what nobody foresaw stays a 500 of Django's."""
    known = _as_api_exception(error)
    if known is None:
        return None
    response = Response(describe(known), status=known.status_code, content_type=MEDIA_TYPE)
    if header := getattr(known, "auth_header", None):
        response["WWW-Authenticate"] = header
    if wait := getattr(known, "wait", None):
        response["Retry-After"] = str(max(1, round(wait)))
    return response


def describe(error: APIException) -> dict[str, Any]:
    """Return the body of the answer."""
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": _title(error.status_code),
        "status": error.status_code,
    }
    if isinstance(error, ValidationError):
        detail: Any = error.detail
        errors: Any = detail if isinstance(detail, dict) else {api_settings.NON_FIELD_ERRORS_KEY: detail}
        problem["detail"] = _("Some values were refused: see errors.")
        problem["errors"] = errors
    else:
        problem["detail"] = str(error.detail)
        if by_field := getattr(error, "errors", None):
            problem["errors"] = by_field
    return problem


@csrf_exempt  # nothing is there to be forged: programs get 404 for every method, not a page about forms
def not_found(request: HttpRequest, **_kwargs: Any) -> JsonResponse:
    """Answer for what lies under /api/ and does not exist."""
    return JsonResponse(describe(NotFound(_("There is nothing at this address."))), status=404, content_type=MEDIA_TYPE)


def _as_api_exception(error: Exception) -> APIException | None:
    if isinstance(error, APIException):
        return error
    if isinstance(error, Http404):
        return NotFound()
    if isinstance(error, PermissionDenied):
        return RestPermissionDenied()
    if isinstance(error, RequestDataTooBig):
        return TooLarge()
    if isinstance(error, DjangoValidationError):
        return ValidationError(error.message_dict if hasattr(error, "error_dict") else error.messages)
    if isinstance(error, DataError):
        log.warning("api_value_refused_by_database", error=str(error))
        return Problem(400, _("A value is outside what can be stored."))
    if status := getattr(error, "http_status", None):
        return Problem(status, str(error), getattr(error, "errors", None))
    return None


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return str(status)
