"""A simulation of many workers: as many real connections, which fetch, claim and record what real workers would.

Twice for each number: everybody listens for jobs, as workers do, or everybody looks every five seconds, as behind a
pooler that shares sessions. Two loads: a backlog, and processes that are started now and then while all are idle.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from benchmarks import report
from benchmarks.figures import percentile, short, table
from benchmarks.stand import cpu_seconds, postmaster, stand
from benchmarks.throughput import dsn_of, until_ready
from tasks.services import StartRequest, start_many, start_process
from tests.databases import connect, server
from tests.system import System

PROGRAMS = 2
BACKLOG = 2_000
SINGLES = 50
HEAD = [
    "workers", "hear of jobs by", "processes a second", "taking one: p50, p99, ms", "taken in vain, a process",
    "wait for locks, on average", "from start to claim when idle: p50, p99, ms",
    "database CPU when idle", "claimed twice",
]  # fmt: skip


def simulate(counts: Sequence[int], *, write: bool) -> int:
    """Measure with each number of workers and print the table; 1 when a process was claimed twice or was left."""
    before = report.conditions()
    server().restart(settings={"max_connections": str(max(counts) + 50)})
    rows, wrong = [], 0
    for count in counts:
        for how in ("listen", "poll"):
            row, doubled = _measured(count, how)
            rows.append(row)
            wrong += doubled
            print("  " + "  ".join(row), flush=True)
    text = f"{BACKLOG:,} processes of three steps from a backlog, then {SINGLES} started one by one.\n\n"
    text += table(HEAD, rows)
    print(text)
    if write:
        given = ",".join(map(str, counts))
        report.write("workers", f"{before}\n\n`bin/bench workers --connections {given}`\n\n{text}", page="scaling.md")
    return int(wrong > 0)


def _measured(count: int, how: str) -> tuple[list[str], int]:
    with stand() as system:
        with _crowd(system, count, how) as found, _waiting(system) as waits:
            begun = _queue(system)
            rate = _rate(system, begun)
        backlog = found[:]
        idle, cpu = _idle(system, count, how) if how == "listen" else ("up to 5 s", "")
        claimed = [key for each in backlog for key, _ in each["ids"]]
        doubled = len(claimed) - len(set(claimed))
        left = BACKLOG - len(set(claimed))
        takes = [ms for each in backlog for ms in each["taken"]]
        empty = sum(each["empty"] for each in backlog) / BACKLOG
    return [
        f"{count:,}", {"listen": "LISTEN", "poll": "looking"}[how], short(rate), _both(takes), short(empty),
        _waits(waits), idle, cpu, f"{doubled}" + (f", {left} left" if left else ""),
    ], doubled + left  # fmt: skip


@contextmanager
def _crowd(system: System, count: int, how: str) -> Iterator[list[dict[str, Any]]]:
    """Let so many workers work meanwhile; afterwards the list holds what each program's did."""
    programs = min(PROGRAMS, count)
    env = {**system.env, "ORCHESTRATOR_ROLE": "worker"}
    shares = [count // programs + (number < count % programs) for number in range(programs)]
    running: list[subprocess.Popen[str]] = [
        until_ready([sys.executable, "-m", "benchmarks.crowd", dsn_of(system), str(share), how], env)
        for share in shares
    ]
    found: list[dict[str, Any]] = []
    try:
        yield found
    finally:
        for each in running:
            answer, _ = each.communicate("end\n", timeout=300)
            found.append(json.loads(answer))


@contextmanager
def _waiting(system: System) -> Iterator[list[Counter[str]]]:
    """Look twenty times a second what backends of this database wait for."""
    samples: list[Counter[str]] = []
    ending = threading.Event()

    def look() -> None:
        statement = (
            "SELECT wait_event_type || ' ' || wait_event FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND state <> 'idle' AND wait_event_type IN ('Lock', 'LWLock')"
        )
        with connect(system.database) as connection:
            while not ending.wait(0.05):
                samples.append(Counter(event for (event,) in connection.execute(statement)))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield samples
    finally:
        ending.set()
        thread.join()


def _waits(samples: list[Counter[str]]) -> str:
    total = sum(samples, Counter())
    mean = {event: number / len(samples) for event, number in total.most_common(2)}
    return ", ".join(f"{short(number)} {event}" for event, number in mean.items() if number >= 0.01) or "none"


def _queue(system: System) -> float:
    begun = time.time()
    with transaction.atomic():
        for _ in range(0, BACKLOG, 500):
            start_many([StartRequest("bench_noop")] * 500)
    return begun


def _rate(system: System, begun: float) -> float:
    open_ones = "SELECT 1 FROM tasks_process WHERE status <> 'completed' LIMIT 1"
    system.wait_for(lambda: not system.sql(open_ones), 300, every=0.2)
    [(rate,)] = system.sql(
        "SELECT count(*) / extract(epoch FROM max(completed_at) - min(first_run_at))::float FROM tasks_process"
    )
    return float(rate)


def _idle(system: System, count: int, how: str) -> tuple[str, str]:
    """Start processes now and then while everybody waits: milliseconds until each is claimed, and what idling costs."""
    started: dict[str, float] = {}
    with _crowd(system, count, how) as found:
        time.sleep(6)
        before, begun = cpu_seconds(postmaster()), time.monotonic()
        time.sleep(10)
        cpu = (cpu_seconds(postmaster()) - before) / (time.monotonic() - begun) * 100
        for _ in range(SINGLES):
            key = str(start_process("bench_noop"))
            started[key] = time.time()
            time.sleep(0.1 + count / 2000)  # everybody wakes, and lies down again
        system.wait_for(lambda: not system.sql("SELECT 1 FROM procrastinate_jobs LIMIT 1"), 600)
    lags = [(at - started[key]) * 1000 for each in found for key, at in each["ids"]]
    return _both(lags), f"{short(cpu)} %"


def _both(times: list[float]) -> str:
    return f"{short(percentile(times, 50))}, {short(percentile(times, 99))}"
