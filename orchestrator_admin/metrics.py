"""`/metrics` for Prometheus. No label has values that people can add to: no names of tasks, schedules or users.

Everything is read from the database at the moment of asking, so every web process tells the same and a restart resets
nothing. Figures of "the last hour" are gauges over that window. A question that takes longer than a second is left
out, and `orchestrator_metric_errors` says so.
"""

from __future__ import annotations

import hmac
from typing import Any

import psycopg
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from prometheus_client.process_collector import ProcessCollector

from orchestrator_admin.embedded.errors import EmbeddedPostgresError
from orchestrator_admin.findings import Shared, short_connection
from orchestrator_admin.measurements import QUESTIONS, Question


def metrics_page(request: HttpRequest) -> HttpResponse:
    """Answer in Prometheus's text format; with ORCHESTRATOR_METRICS_TOKEN set, to its bearer only."""
    token = settings.ORCHESTRATOR_METRICS_TOKEN
    if token and not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
        return HttpResponse("A bearer token is needed.\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(metrics(), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def measure() -> bytes:
    """Return all metrics as text. Takes seconds at the most; never raises."""
    registry = CollectorRegistry()
    ProcessCollector(namespace="orchestrator_web", registry=registry)
    up = Gauge("orchestrator_database_up", "1 when the database answers.", registry=registry)
    errors = Gauge("orchestrator_metric_errors", "Metrics left out: the question took too long.", registry=registry)
    try:
        with short_connection("metrics") as connection:
            for question in QUESTIONS:
                try:
                    rows = connection.execute(question.sql).fetchall()
                except psycopg.errors.QueryCanceled:
                    errors.inc()
                else:
                    _gauge(question, rows, registry)
        up.set(1)
    except (psycopg.Error, EmbeddedPostgresError, OSError):
        up.set(0)
    return generate_latest(registry)


def unknown() -> bytes:
    """Return the metrics of a database that does not answer."""
    registry = CollectorRegistry()
    Gauge("orchestrator_database_up", "1 when the database answers.", registry=registry).set(0)
    return generate_latest(registry)


metrics = Shared(measure, seconds=5, otherwise=unknown).get


def _gauge(question: Question, rows: list[tuple[Any, ...]], registry: CollectorRegistry) -> None:
    gauge = Gauge(question.name, question.help, [question.label] if question.label else [], registry=registry)
    if not question.label:
        gauge.set(float(rows[0][0] or 0) if rows else 0)
        return
    found = {str(label): float(value or 0) for label, value in rows}
    for value in question.values:
        gauge.labels(value).set(found.get(value, 0))
