"""`/health/`: whether the database, a scheduler and a worker live, and how long the queue's oldest job has waited.

The answer is 200 while this web process and the database work, otherwise 503: restarting the web process does not
help a missing worker. `?require=scheduler,worker,queue` makes it 503 when one of those is not well either.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg
from django.http import HttpRequest, HttpResponse, JsonResponse

from orchestrator_admin.embedded.errors import EmbeddedPostgresError
from orchestrator_admin.findings import Shared, short_connection

HEARTBEAT_SECONDS = 15  # three heartbeats in a row may be missed
QUEUE_SECONDS = 60

Part = dict[str, Any]
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


def health_page(request: HttpRequest) -> HttpResponse:
    """Answer with the state of the system as JSON."""
    parts = health()
    required = {"database", *filter(None, request.GET.get("require", "").split(","))}
    wrong = {name for name, part in parts.items() if not part["ok"]}
    status = "down" if "database" in wrong else "degraded" if wrong else "ok"
    well = not required & wrong and required <= parts.keys()
    response = JsonResponse({"status": status, **parts}, status=200 if well else 503)
    response["Cache-Control"] = "no-store"
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django would log every 503 as an error
    return response


def examine() -> dict[str, Part]:
    """Return what is found, part by part: `ok` and a few figures each. Takes seconds at the most; never raises."""
    parts: dict[str, Part] = {}
    try:
        with short_connection("health") as connection:
            started = time.monotonic()
            connection.execute("SELECT 1")
            parts["database"] = {"ok": True, "milliseconds": round((time.monotonic() - started) * 1000, 1)}
            parts["scheduler"] = _alive(connection, "schedules_schedulerinstance")
            parts["worker"] = _alive(connection, "tasks_workerinstance")
            parts["queue"] = _queue(connection)
    except (psycopg.Error, EmbeddedPostgresError, OSError):
        # Who asks need not be logged in: what is wrong stands in the log of whoever uses the database, not here.
        return unknown() | parts
    return {"web": {"ok": True}, **parts}


def unknown() -> dict[str, Part]:
    """Return what is said of a database that does not answer."""
    return {"web": {"ok": True}} | {name: {"ok": False} for name in ("database", "scheduler", "worker", "queue")}


health = Shared(examine, seconds=1, otherwise=unknown).get


def _alive(connection: psycopg.Connection[Any], table: str) -> Part:
    try:
        row = connection.execute(ALIVE.format(table), [HEARTBEAT_SECONDS]).fetchone()
    except psycopg.errors.QueryCanceled:
        return {"ok": False}
    count, age = row or (0, None)
    return {"ok": count > 0, "alive": count, "heartbeat_age_seconds": None if age is None else round(age, 1)}


def _queue(connection: psycopg.Connection[Any]) -> Part:
    try:
        row = connection.execute(OLDEST_JOB).fetchone()
    except psycopg.errors.QueryCanceled:
        return {"ok": False}
    age = max(round((row and row[0]) or 0.0, 1), 0.0)
    return {"ok": age <= QUEUE_SECONDS, "age_seconds": age}
