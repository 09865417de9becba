"""The ASGI application: Django's handler, with the work of each request done in one thread of a few.

Django's own goes back and forth between the event loop and a thread of the request for every middleware, and starts
that thread anew for every request. Here a request is handed over once, to one of `THREADS`; more of them would only
share the same processor, and ask the pool for more database connections than it has. Who comes while all are busy waits
in the order of arrival, holding neither a thread nor a connection.

What lasts (live events, `?wait=`) and what must never queue (probes) goes Django's way, beside the others.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.db import close_old_connections

from orchestrator_admin.hardening import hardened

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

# Fewer than the pool has connections (settings): some are for what goes beside.
THREADS: Final = 12
BESIDE: Final = frozenset({"/events/", "/health/", "/metrics"})


class Application(ASGIHandler):
    """See above."""

    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="request")
        self._synchronous = BaseHandler()
        self._synchronous.load_middleware()

    async def get_response_async(self, request: HttpRequest) -> Any:
        """Answer a request, in one of our threads unless it may last."""
        if request.path_info in BESIDE or "wait=" in request.META["QUERY_STRING"]:
            return await super().get_response_async(request)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, copy_context().run, self._answer, request)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self._synchronous.get_response(request)
        finally:
            # Django does this when the answer has been sent, in the thread that it thinks did the work.
            close_old_connections()

    def create_request(self, *arguments: Any) -> tuple[Any, Any]:
        """Answers to what is no request at all, such as a path that is no UTF-8, are as strict as all others."""
        request, refusal = super().create_request(*arguments)
        return request, None if refusal is None else hardened(refusal)
