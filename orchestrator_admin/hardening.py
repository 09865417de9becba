"""Refuses what no page or operation can do anything with, before one has to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext as _

Answer = HttpResponse | Awaitable[HttpResponse]


@sync_and_async_middleware
def refuse_nul(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Answer]:
    """Answer 400 to an address with the character NUL, which PostgreSQL refuses in any text."""

    def refused(request: HttpRequest) -> bool:
        return "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")

    def refusal() -> HttpResponse:
        return HttpResponseBadRequest(_("An address cannot contain the character NUL."), content_type="text/plain")

    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponse:
            answer: HttpResponse = refusal() if refused(request) else await get_response(request)
            return answer

        return later

    def now(request: HttpRequest) -> HttpResponse:
        answer: HttpResponse = refusal() if refused(request) else get_response(request)
        return answer

    return now
