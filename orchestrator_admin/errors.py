"""What people are told when something goes wrong. Each answer names the request, so that its log lines can be found.

A page for a browser; for a swap of htmx a note, which appears where messages stand while the page stays as it is; for
programs problem details, as the API gives them for refusals of its own. None of them needs the database.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import structlog
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from orchestrator_admin.rest.problems import MEDIA_TYPE, Problem, describe
from orchestrator_admin.viewer import theme_of

# What happened, and what to do about it.
WORDS: Final = {
    "400": (
        _("This request cannot be understood."),
        _(
            "Something in the address or in what was sent is malformed. Go back and try again from the page you came "
            "from."
        ),
    ),
    "401": (_("You are logged out."), _("Nothing was changed. Log in, and do it again.")),
    "403": (
        _("You may not do this."),
        _("Your role does not include it. An administrator can change your role, or grant you this workflow."),
    ),
    "csrf": (
        _("This form is too old."),
        _(
            "You logged in or out since it was opened, or cookies are blocked. Nothing was changed: go back, reload "
            "the page and send it again."
        ),
    ),
    "404": (_("There is no such page."), _("The address is wrong, what it named is gone, or you may not see it.")),
    "405": (
        _("There is nothing to look at here."),
        _(
            "This address takes what a form sends. If you sent one and had to log in first, send it again from its "
            "page."
        ),
    ),
    "413": (_("That is too much at once."), _("More was sent than is taken in. Nothing was changed: send less.")),
    "429": (_("Too many attempts."), _("Wait a few minutes, then try again.")),
    "500": (
        _("Something broke on our side."),
        _("The error was logged. Nothing that was already started is lost: go back and try again."),
    ),
    "503": (
        _("The database cannot be reached."),
        _(
            "Running processes continue when it is back, and nothing that was accepted is lost. Try again in a few "
            "seconds."
        ),
    ),
}


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 413 if isinstance(exception, RequestDataTooBig | TooManyFieldsSent) else 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Forms that are too old, or come from elsewhere: named in the setting CSRF_FAILURE_VIEW."""
    return _answer(request, 403, "csrf")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 404)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Attempts to log in that are too many: asked for by django-allauth."""
    return _answer(request, 429)


def server_error(request: HttpRequest) -> HttpResponse:
    """A defect; or, when the database cannot be reached, a page that says so and that it is worth trying again."""
    if not isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return _answer(request, 500)
    response = _answer(request, 503)
    response["Retry-After"] = "5"
    return response


def refusals(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware for refusals that Django has no page for: a form's address opened as a page, and a session that ended.

    Whoever has to log in comes back to the page that the form was on; a swap gets a note instead of the login page.
    """
    login = resolve_url("account_login")

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 405 and request.method == "GET" and not response.content:
            page = _answer(request, 405)
            page["Allow"] = response["Allow"]
            return page
        if response.status_code == 302 and response["Location"].startswith(f"{login}?"):
            if _is_swap(request):
                return _answer(
                    request, 401, login=f"{login}?{_back_to(request.headers.get('HX-Current-URL'), request)}"
                )
            if request.method == "POST":
                response["Location"] = f"{login}?{_back_to(request.headers.get('Referer'), request)}"
        return response

    return middleware


def _answer(request: HttpRequest, status: int, words: str = "", **more: str) -> HttpResponse:
    heading, text = WORDS[words or str(status)]
    request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    if request.path_info.startswith("/api/"):
        problem = describe(Problem(status, f"{heading} {text}")) | ({"request_id": request_id} if request_id else {})
        return JsonResponse(problem, status=status, content_type=MEDIA_TYPE)
    swap = _is_swap(request)
    context: dict[str, Any] = {"status": status, "heading": heading, "text": text, "request_id": request_id, **more}
    context["theme"] = theme_of(request)
    response = HttpResponse(render_to_string(f"errors/{'_note' if swap else 'page'}.html", context), status=status)
    patch_vary_headers(response, ["HX-Request"])
    if swap:  # see static/js/page.js
        response["HX-Retarget"], response["HX-Reswap"] = "#notes", "innerHTML"
    return response


def _is_swap(request: HttpRequest) -> bool:
    """Asked of the headers: what comes ahead of the middleware of django-htmx may have gone wrong."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and not {"HX-Boosted", "HX-History-Restore-Request"} & set(headers)


def _back_to(address: str | None, request: HttpRequest) -> str:
    if not url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
        return urlencode({"next": "/"})
    parts = urlsplit(address or "/")
    return urlencode({"next": f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"})
