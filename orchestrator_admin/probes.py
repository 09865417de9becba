"""Answers monitoring systems ahead of every other middleware: they call by address, often, and without logging in.

What they ask is answered in threads of its own; `findings` says why that costs nobody else anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

View = Callable[[HttpRequest], HttpResponse]


@sync_and_async_middleware
def probe_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Answer `/health/` and `/metrics`; leave everything else to the others."""
    from orchestrator_admin.health import health_page
    from orchestrator_admin.metrics import metrics_page

    pages: dict[str, View] = {"/health/": health_page, "/metrics": metrics_page}

    def synchronous(request: HttpRequest) -> Any:
        page = pages.get(request.path)
        return page(request) if page else get_response(request)

    async def asynchronous(request: HttpRequest) -> Any:
        page = pages.get(request.path)
        # Not in the thread that requests share: a slow page there must not keep a probe waiting.
        return await (sync_to_async(page, thread_sensitive=False)(request) if page else get_response(request))

    return asynchronous if iscoroutinefunction(get_response) else synchronous
