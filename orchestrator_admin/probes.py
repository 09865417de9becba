"""Answers monitoring systems ahead of every other middleware: they call by address, often, and without logging in.

What they ask is answered in threads of its own, over short database connections of its own: never over the web
process's pool, which may be what is exhausted. However many ask, one of them looks and the others share the answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import psycopg
from asgiref.sync import iscoroutinefunction, sync_to_async
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

T = TypeVar("T")
View = Callable[[HttpRequest], HttpResponse]
CONNECT_SECONDS = 2
QUESTION_MILLISECONDS = 1000


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


class Shared(Generic[T]):
    """A finding that is kept for a moment: who asks meanwhile waits for, or gets, the same one."""

    def __init__(self, find: Callable[[], T], seconds: float) -> None:
        self._find = find
        self._seconds = seconds
        self._lock = threading.Lock()
        self._found: tuple[float, T] | None = None

    def get(self) -> T:
        """Return a finding that is at most `seconds` old."""
        with self._lock:
            if self._found is None or time.monotonic() - self._found[0] > self._seconds:
                found = self._find()
                self._found = (time.monotonic(), found)
            return self._found[1]


@contextmanager
def short_connection(name: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Connect for a few questions, each of which has its deadline."""
    parameters = connections["default"].get_connection_params()
    parameters |= {"connect_timeout": CONNECT_SECONDS, "application_name": f"orchestrator-{name}", "autocommit": True}
    parameters |= {"cursor_factory": psycopg.Cursor, "context": None, "prepare_threshold": None}
    with psycopg.connect(**parameters) as connection:
        connection.execute(f"SET statement_timeout = {QUESTION_MILLISECONDS}")
        yield connection
