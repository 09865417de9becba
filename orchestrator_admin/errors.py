"""Pages for what goes wrong. Each names the request, so that its log lines can be found; none needs the database."""

from __future__ import annotations

import sys
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from orchestrator_admin.viewer import theme_of


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Forms that are too old, or come from elsewhere: named in the setting CSRF_FAILURE_VIEW."""
    return _page(request, 403, template="errors/csrf.html")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """A defect; or, when the database cannot be reached, a page that says so and that it is worth trying again."""
    if not isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return _page(request, 500)
    response = _page(request, 503)
    response["Retry-After"] = "5"
    return response


def _page(request: HttpRequest, status: int, template: str = "") -> HttpResponse:
    context: dict[str, Any] = {
        "status": status,
        "request_id": structlog.contextvars.get_contextvars().get("request_id", ""),
        "theme": theme_of(request),
    }
    return HttpResponse(render_to_string(template or f"errors/{status}.html", context), status=status)
