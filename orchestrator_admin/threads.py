"""The ASGI application: Django's handler, with the work of each request done in one thread of a few.

Django's own goes back and forth between the event loop and a thread of the request for every middleware, and starts
that thread anew for every request. Here a request is handed over once, to one of `PAGES` threads; more of them would
only share the same processor, and ask the pool for more database connections than it has. Who comes while all are busy
waits in the order of arrival, holding neither a thread nor a database connection.

What lasts (live events, `?wait=`) is begun in threads of its own, `LASTING`: after a restart every open page begins a
stream in the same moment, and those queue up without keeping pages and the API waiting. Once begun, it holds neither:
a stream is fed by the event loop (`live`), and an answer that is worth waiting for is asked for again (`waiting`).

Probes must never queue: they go Django's way, beside all others.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.db import close_old_connections

from orchestrator_admin.hardening import hardened

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase

# Together fewer than the pool has connections (settings): nobody in a thread waits for one.
PAGES: Final = 12
LASTING: Final = 4
# In a request's META: it has waited. No header can set it, their names begin with HTTP_.
WAITED: Final = "orchestrator.waited"
PROBES: Final = frozenset({"/health/", "/metrics"})


class Application(ASGIHandler):
    """See above."""

    def __init__(self, pages: int = PAGES) -> None:
        super().__init__()
        self._pages = ThreadPoolExecutor(pages, thread_name_prefix="request")
        self._lasting = ThreadPoolExecutor(LASTING, thread_name_prefix="lasting")
        self._synchronous = BaseHandler()
        self._synchronous.load_middleware()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request. One that lasts gets no thread for Django's signals, which it would keep: all share one."""
        if _lasts(scope):
            await self.handle(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def get_response_async(self, request: Any) -> Any:
        """Answer a request in one of our threads; when the answer says that it is worth waiting for, answer again."""
        if request.path_info in PROBES:
            return await super().get_response_async(request)
        run = partial(_run, self._lasting if _lasts(request.scope) else self._pages)
        response = await run(self._answer, request)
        rest = getattr(response, "rest", None)
        if rest is None:
            return response
        await rest.over(run)
        again = self.request_class(request.scope, BytesIO())
        again.META[WAITED] = True
        return await run(self._answer, again)

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


def _lasts(scope: Any) -> bool:
    path = scope.get("path", "")
    return path == "/events/" or (path.startswith("/api/processes/") and b"wait=" in scope["query_string"])


async def _run(threads: ThreadPoolExecutor, call: Callable[..., Any], *arguments: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(threads, copy_context().run, call, *arguments)
