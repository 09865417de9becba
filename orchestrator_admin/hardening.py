"""Refuses what no page or operation can do anything with, before one has to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext as _

from orchestrator_admin.rest.problems import MEDIA_TYPE, Problem, describe

Answer = HttpResponse | Awaitable[HttpResponse]


@sync_and_async_middleware
def refuse_nul(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Answer]:
    """Answer 400 to an address with the character NUL, which PostgreSQL refuses in any text."""

    def refused(request: HttpRequest) -> bool:
        return "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")

    def refusal(request: HttpRequest) -> HttpResponse:
        problem = Problem(HTTPStatus.BAD_REQUEST, _("An address cannot contain the character NUL."))
        if request.path_info.startswith("/api/"):
            return JsonResponse(describe(problem), status=HTTPStatus.BAD_REQUEST, content_type=MEDIA_TYPE)
        return HttpResponseBadRequest(str(problem.detail), content_type="text/plain")

    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponse:
            answer: HttpResponse = refusal(request) if refused(request) else await get_response(request)
            return answer

        return later

    def now(request: HttpRequest) -> HttpResponse:
        answer: HttpResponse = refusal(request) if refused(request) else get_response(request)
        return answer

    return now
