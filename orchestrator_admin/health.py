"""`/health/`: whether the database, a scheduler and a worker live and how long the queue's oldest job has waited.

Cheap, without login and independent of everything it reports on: one short connection of its own (never the web
process's pool, which may be what is exhausted), a deadline for each question, and at most one round of questions a
second, however many ask. Answered before any other middleware: probes call by address, not by one of ALLOWED_HOSTS.

The answer is 200 while this web process and the database work, otherwise 503: restarting the web process does not
help a missing worker. `?require=scheduler,worker,queue` makes it 503 when one of those is not well either.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from asgiref.sync import iscoroutinefunction, sync_to_async
from django.db import connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import sync_and_async_middleware

from orchestrator_admin.embedded.errors import EmbeddedPostgresError

PATH = "/health/"
CONNECT_SECONDS = 2
QUESTION_MILLISECONDS = 1000
FRESH_SECONDS = 1.0
HEARTBEAT_SECONDS = 15  # three heartbeats may be missed
QUEUE_SECONDS = 60

ALIVE = """
    SELECT count(*) FILTER (WHERE age < %s), min(age)
    FROM (SELECT extract(epoch FROM now() - heartbeat_at)::float8 AS age FROM {}) AS heartbeats
"""
OLDEST_JOB = """
    WITH oldest AS (
        SELECT id, scheduled_at FROM procrastinate_jobs
        WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now()) ORDER BY id LIMIT 1
    )
    SELECT extract(epoch FROM now() - greatest(scheduled_at, (
        SELECT max(at) FROM procrastinate_events WHERE job_id = oldest.id
    )))::float8 FROM oldest
"""


@dataclass
class Health:
    """What was found, part by part: `ok` and a few figures each."""

    parts: dict[str, dict[str, Any]] = field(default_factory=lambda: {"web": {"ok": True}})
    at: float = field(default_factory=time.monotonic)

    def is_well(self, *names: str) -> bool:
        """Return whether the database and each of `names` are well."""
        return all(self.parts.get(name, {}).get("ok", False) for name in ("database", *names))


_lock = threading.Lock()
_latest: Health | None = None


def health() -> Health:
    """Return the state of the system, at most a second old. Takes a few seconds at the very most. Never raises."""
    global _latest
    with _lock:
        if _latest is None or time.monotonic() - _latest.at > FRESH_SECONDS:
            _latest = _examine()
        return _latest


def health_page(request: HttpRequest) -> HttpResponse:
    """Answer with the state of the system as JSON."""
    found = health()
    required = [name for name in request.GET.get("require", "").split(",") if name]
    well = found.is_well(*required)
    everything = found.is_well(*(name for name in ("scheduler", "worker", "queue")))
    body = {"status": "ok" if everything else "degraded" if found.is_well() else "down", **found.parts}
    return JsonResponse(body, status=200 if well else 503, headers={"Cache-Control": "no-store"})


@sync_and_async_middleware
def health_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Answer `/health/` in a thread of its own, ahead of everything else."""
    if iscoroutinefunction(get_response):
        answer = sync_to_async(health_page, thread_sensitive=False)

        async def asynchronous(request: HttpRequest) -> HttpResponse:
            waiting: Awaitable[HttpResponse] = answer(request) if request.path == PATH else get_response(request)
            return await waiting

        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponse:
        response: HttpResponse = health_page(request) if request.path == PATH else get_response(request)
        return response

    return synchronous


def _examine() -> Health:
    found = Health()
    try:
        with short_connection() as connection:
            started = time.monotonic()
            connection.execute("SELECT 1")
            found.parts["database"] = {"ok": True, "milliseconds": round((time.monotonic() - started) * 1000, 1)}
            found.parts["scheduler"] = _alive(connection, "schedules_schedulerinstance")
            found.parts["worker"] = _alive(connection, "tasks_workerinstance")
            found.parts["queue"] = _queue(connection)
    except (psycopg.Error, EmbeddedPostgresError, OSError):
        # Who asks need not be logged in: the reason goes to the log of whoever uses the database, not to them.
        for name in ("database", "scheduler", "worker", "queue"):
            found.parts.setdefault(name, {"ok": False})
    return found


@contextmanager
def short_connection() -> Iterator[psycopg.Connection]:
    """Connect for a few questions, each of which has its deadline."""
    parameters = connections["default"].get_connection_params()
    own = {"connect_timeout": CONNECT_SECONDS, "application_name": "orchestrator-health", "autocommit": True}
    with psycopg.connect(**{**parameters, **own, "cursor_factory": psycopg.Cursor, "context": None}) as connection:
        connection.execute(f"SET statement_timeout = {QUESTION_MILLISECONDS}")
        yield connection


def _alive(connection: psycopg.Connection, table: str) -> dict[str, Any]:
    try:
        row = connection.execute(ALIVE.format(table), [HEARTBEAT_SECONDS]).fetchone()
    except psycopg.Error:
        return {"ok": False}
    count, age = row or (0, None)
    return {"ok": count > 0, "alive": count, "heartbeat_age_seconds": None if age is None else round(age, 1)}


def _queue(connection: psycopg.Connection) -> dict[str, Any]:
    try:
        row = connection.execute(OLDEST_JOB).fetchone()
    except psycopg.Error:
        return {"ok": False}
    age = round((row and row[0]) or 0.0, 1)
    return {"ok": age <= QUEUE_SECONDS, "age_seconds": max(age, 0.0)}
