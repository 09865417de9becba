"""Years of history: how quick pages, API lists and retention stay with it."""

from __future__ import annotations

import time

from django.conf import settings
from django.db import connection

from benchmarks import report
from benchmarks.figures import short
from benchmarks.fill import SECONDS_APART, fill
from benchmarks.pages import API, addresses
from benchmarks.stand import stand
from benchmarks.visits import VISITS, summary, visit_all


def grow(processes: int, *, write: bool) -> int:
    """Fill a database, visit every page of it and clean up; print the table. 1 when a page is too slow."""
    before = report.conditions()
    with stand():
        begun = time.monotonic()
        fill(processes)
        filled = time.monotonic() - begun
        found = visit_all([*addresses(), *API])
        text = (
            f"{processes:,} processes, {_count('tasks_processstep'):,} steps, {_count('schedules_schedule'):,} "
            f"schedules, {_count('schedules_occurrence'):,} occurrences: {_size()}, filled in {filled:.0f} s. What a "
            f"client of the ASGI application waits for each page, compressed, {VISITS} visits each:\n\n"
            f"{summary(found)}\n\n{_retention(processes)}"
        )
    print(text)
    if write:
        report.write("growth", f"{before}\n\n`bin/bench growth --processes {processes}`\n\n{text}")
    return int(not all(visited.met for visited in found))


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
