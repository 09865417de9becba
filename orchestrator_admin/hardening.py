"""What holds for every answer, and what is refused before a page or an operation has to do anything with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext as _

from orchestrator_admin.errors import bad_request
from orchestrator_admin.rest.problems import MEDIA_TYPE, Problem, describe

Answer = HttpResponse | Awaitable[HttpResponse]
# For what is no page: files, figures, redirects and refusals load nothing and are shown inside nothing.
DEFAULTS: Final = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}
WITH_TRACEBACK: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR})


@sync_and_async_middleware
def harden(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Answer]:
    """The outermost middleware: what answers ahead of the others, or instead of them, is no less strict than a page.

    It touches the answer only, without another thread: probes and files, which it is here for, are not to wait.
    """
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponse:
            answer: HttpResponse = hardened(await get_response(request))
            return answer

        return later

    def now(request: HttpRequest) -> HttpResponse:
        answer: HttpResponse = hardened(get_response(request))
        return answer

    return now


def hardened(response: Any) -> Any:
    """Give an answer the strict headers that it lacks. Under DEBUG, Django's own pages keep their scripts."""
    left_alone = settings.DEBUG and response.status_code in WITH_TRACEBACK
    if isinstance(response, HttpResponseBase) and not left_alone:
        for name, value in DEFAULTS.items():
            response.headers.setdefault(name, value)
    return response


@sync_and_async_middleware
def refuse_nul(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Answer]:
    """Answer 400 to an address with the character NUL, which PostgreSQL refuses in any text."""

    def refused(request: HttpRequest) -> bool:
        return "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")

    def refusal(request: HttpRequest) -> HttpResponse:
        problem = Problem(HTTPStatus.BAD_REQUEST, _("An address cannot contain the character NUL."))
        if request.path_info.startswith("/api/"):
            return JsonResponse(describe(problem), status=HTTPStatus.BAD_REQUEST, content_type=MEDIA_TYPE)
        return bad_request(request)

    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponse:
            answer: HttpResponse = refusal(request) if refused(request) else await get_response(request)
            return answer

        return later

    def now(request: HttpRequest) -> HttpResponse:
        answer: HttpResponse = refusal(request) if refused(request) else get_response(request)
        return answer

    return now
