"""Years of history: how quick pages, API lists and retention stay with it."""

from __future__ import annotations

import time

from django.conf import settings
from django.db import connection
from django.test import Client

from accounts.models import User
from benchmarks import report
from benchmarks.figures import percentile, short, table
from benchmarks.fill import SECONDS_APART, STEPS, fill
from benchmarks.pages import API, addresses
from benchmarks.stand import USERNAME, make_token, stand

VISITS = 40
BOUND_MS = 50


def grow(processes: int, *, write: bool) -> int:
    """Fill a database, visit every page of it and clean up; print the table. 1 when a page is too slow."""
    before = report.conditions()
    with stand():
        begun = time.monotonic()
        fill(processes)
        filled = time.monotonic() - begun
        rows = [_visited(path) for path in [*addresses(), *API]]
        text = (
            f"{processes:,} processes with {STEPS} steps each, {_count('schedules_schedule'):,} schedules: "
            f"{_size()}, filled in {filled:.0f} s. Server time of each page (Django's test client, logged in as an "
            f"administrator), {VISITS} visits:\n\n"
            + table(["page", "p50, ms", "p95, ms", "queries", "kB"], rows)
            + f"\n\n{_retention(processes)}"
        )
    print(text)
    if write:
        report.write("growth", f"{before}\n\n`bin/bench growth --processes {processes}`\n\n{text}")
    return int(any(float(row[2]) > BOUND_MS for row in rows))


def _visited(path: str) -> list[str]:
    client = Client()
    if path.startswith("/api/"):
        client.defaults["HTTP_AUTHORIZATION"] = f"Token {make_token()}"
    else:
        make_token()
        client.force_login(User.objects.get(username=USERNAME), backend=settings.AUTHENTICATION_BACKENDS[0])
    client.get(path)
    connection.force_debug_cursor = True
    connection.queries_log.clear()
    response = client.get(path)
    queries = len(connection.queries_log)
    connection.force_debug_cursor = False
    assert response.status_code < 400, (path, response.status_code)
    times = []
    for _ in range(VISITS):
        begun = time.perf_counter()
        client.get(path)
        times.append((time.perf_counter() - begun) * 1000)
    slow = percentile(times, 95)
    size = f"{len(response.content) / 1000:.0f}"
    mark = " **slow**" if slow > BOUND_MS else ""
    row = [f"`{_plain(path)}`", f"{percentile(times, 50):.1f}", f"{slow:.1f}", str(queries), size]
    print("  " + "  ".join(row) + mark, flush=True)
    return row


def _plain(path: str) -> str:
    """The path with ids left out, which are different each time."""
    return "/".join("…" if len(part) == 36 and part.count("-") == 4 else part for part in path.split("/"))


def _retention(processes: int) -> str:
    """Remove about a fifth with the built-in task, then vacuum; say how long both took."""
    from tasks.services import run_inline, start_process, unqueued

    settings.TASK_LOG_RETENTION_DAYS = int(processes * 0.8 * SECONDS_APART / 86400)
    before = _count("tasks_process")
    with unqueued():
        key = start_process("task_clean_up_tasks")
        begun = time.monotonic()
        done = run_inline(key)
        passed = time.monotonic() - begun
    assert done.status == "completed", done.failed_reason
    removed = before - _count("tasks_process") + 1
    begun = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE tasks_process")
        cursor.execute("VACUUM ANALYZE tasks_processstep")
    vacuumed = time.monotonic() - begun
    return (
        f"Retention: the built-in task removed {removed:,} processes with their steps in {passed:.1f} s "
        f"({short(removed / passed)} a second, 1,000 a commit); VACUUM ANALYZE of processes and steps afterwards took "
        f"{vacuumed:.1f} s."
    )


def _count(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {name}")
        return int(cursor.fetchone()[0])


def _size() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_size_pretty(pg_database_size(current_database()))")
        return str(cursor.fetchone()[0])
