"""Years of history: how quick pages, API lists, the engine, the scheduler and retention stay with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from benchmarks import report
from benchmarks.figures import percentile, short, table
from benchmarks.fill import HISTORY, LINES, SECONDS_APART, STEPS, fill
from benchmarks.pages import API, addresses
from benchmarks.stand import stand, start_workers
from benchmarks.throughput import rate_of_backlog
from benchmarks.upkeep import costs_of_firing
from benchmarks.visits import VISITS, summary, visit_all
from orchestrator_admin.health import examine
from orchestrator_admin.metrics import measure
from tasks.models import Process
from tests.system import System

T = TypeVar("T")
REMOVED = 100_000


def grow(processes: int, *, keep: bool, only_fill: bool, write: bool) -> int:
    """Fill a database, visit every page of it, work with it and clean up; print tables. 1 when a page is too slow."""
    before = report.conditions()
    with stand(keep=f"grown_{processes}" if keep else "") as system:
        filled = _filled(processes)
        if only_fill:
            print(f"Filled in {filled:.0f} s: {_size('pg_database_size(current_database())')}")
            return 0
        parts = [_sizes(processes, filled)]
        pages = visit_all([*addresses(), *API])
        parts.append(
            "What a client of the ASGI application waits for each page, in compressed kB, "
            f"{VISITS} visits each:\n\n{summary(pages)}"
        )
        parts.append(table(["work beside that history", "figure"], _work(system) + _upkeep(processes)))
    text = "\n\n".join(parts)
    print(text)
    if write:
        report.write("growth", f"{before}\n\n`bin/bench growth --processes {processes}`\n\n{text}")
    return int(not all(visited.met for visited in pages))


def _filled(processes: int) -> float:
    """Fill the database unless an earlier run has; seconds that it took."""
    call_command("migrate", verbosity=0)
    begun = time.monotonic()
    if not Process.objects.exists():
        fill(processes)
    return time.monotonic() - begun


def _sizes(processes: int, filled: float) -> str:
    rows = []
    for model in HISTORY:
        name = model._meta.db_table
        of = "(SELECT reltuples FROM pg_class WHERE relname = %s)"
        count = _one(f"SELECT {of}::bigint", name)
        kinds = [_size(f"pg_{kind}('{name}')") for kind in ("table_size", "indexes_size", "total_relation_size")]
        rows.append([f"`{name}`", f"{count:,}", *kinds])
    took = f", filled in {filled:.0f} s" if filled > 1 else ""
    return (
        f"{processes:,} processes with {STEPS} steps, {LINES} lines of log, their inputs and their occurrence each, "
        f"one every {SECONDS_APART} s, and {_one('SELECT count(*) FROM schedules_schedule'):,} schedules: "
        f"{_size('pg_database_size(current_database())')}{took}.\n\n"
        + table(["table", "rows", "table itself", "indexes", "together"], rows)
    )


def _work(system: System) -> list[list[str]]:
    """What engine, scheduler and probes cost there."""
    worker = start_workers(system)[0]
    rate_of_backlog(system, 250)  # warms everything up
    rate = rate_of_backlog(system, 1000)
    worker.stop()
    from tasks import engine
    from tasks.services import start_process

    started = [_timed(lambda: start_process("bench_noop")) for _ in range(200)]
    ran = [_ms(lambda key=key: engine.run_process(key)) for _, key in started]  # type: ignore[misc]
    firing = costs_of_firing(system, 15)[0]
    for each in system.processes:
        each.stop()
    return [
        ["processes of three steps a second, one worker, from a backlog", f"{short(rate)} /s"],
        ["start of a process: p50, p95", _both([ms for ms, _ in started])],
        ["claim and run of three steps in this program: p50, p95", _both(ran)],
        ["CPU per firing, scheduler and database", f"{short(firing)} ms"],
        ["`/metrics`: p50, p95", _both([_ms(measure) for _ in range(VISITS)])],
        ["`/health/`: p50, p95", _both([_ms(examine) for _ in range(VISITS)])],
    ]


def _upkeep(processes: int) -> list[list[str]]:
    """Remove a hundred thousand processes, or what there is, as many occurrences, and vacuum."""
    from schedules.jobs.clean_up_ledger import clean_up_ledger
    from tasks.services import run_inline, start_process, unqueued

    age = datetime.now(UTC) - Process.objects.order_by("started_at").values_list("started_at", flat=True)[0]
    settings.TASK_LOG_RETENTION_DAYS = age.days - int(min(REMOVED, processes / 5) * SECONDS_APART / 86400)
    count = "SELECT count(*) FROM tasks_process WHERE started_at < now() - make_interval(days => %s)"
    there = _one(count, settings.TASK_LOG_RETENTION_DAYS)
    with unqueued():
        key = start_process("task_clean_up_tasks")
        passed, done = _timed(lambda: run_inline(key))
    assert done.status == "completed", done.failed_reason
    removed = there - _one(count, settings.TASK_LOG_RETENTION_DAYS)
    with unqueued():
        key = start_process("task_clean_up_tasks")
        again, _ = _timed(lambda: run_inline(key))
    settings.OCCURRENCE_RETENTION_DAYS = settings.TASK_LOG_RETENTION_DAYS
    ledger, _ = _timed(clean_up_ledger)
    vacuumed = {model._meta.db_table: _vacuum(model._meta.db_table) for model in HISTORY}
    return [
        [f"retention: {removed:,} processes with all that hangs on them", f"{passed / 1000:.1f} s"],
        ["retention, when there is nothing to remove", f"{again:.0f} ms"],
        [f"ledger: about {removed:,} occurrences", f"{ledger / 1000:.1f} s"],
        ["VACUUM ANALYZE of everything, afterwards", f"{sum(vacuumed.values()) / 1000:.1f} s"],
        [
            "the longest of them",
            f"{max(vacuumed.values()) / 1000:.1f} s ({max(vacuumed, key=lambda name: vacuumed[name])})",
        ],
    ]


def _vacuum(name: str) -> float:
    with connection.cursor() as cursor:
        return _ms(lambda: cursor.execute(f"VACUUM ANALYZE {name}"))


def _both(times: list[float]) -> str:
    return f"{percentile(times, 50):.1f} ms, {percentile(times, 95):.1f} ms"


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    begun = time.perf_counter()
    found = work()
    return (time.perf_counter() - begun) * 1000, found


def _ms(work: Callable[[], object]) -> float:
    return _timed(work)[0]


def _one(statement: str, *parameters: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return int(cursor.fetchone()[0])


def _size(expression: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_size_pretty({expression})")
        return str(cursor.fetchone()[0])
