"""How many processes of three steps are completed a second, beside Procrastinate's empty jobs and the raw driver."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from benchmarks.figures import OURS, Figure, Notebook
from benchmarks.stand import ROOT, stand, start_scheduler, start_web, start_workers
from tasks.services import StartRequest, start_many, start_process
from tests.system import System

COMPLETED = "processes of three steps completed a second"
ACCEPTED = "the same, started one by one meanwhile"
EMPTY = "empty jobs a second"
QUEUE = "Procrastinate alone"
DRIVER = "raw psycopg, same statements"


def measure(notebook: Notebook, *, count: int, rounds: int) -> None:
    """Measure with a web process and a scheduler beside the workers, as it runs at home."""
    for workers in (1, 2):
        by = f"{OURS}, {_workers(workers)}"
        with stand() as system:
            start_web(system)
            start_scheduler(system)
            start_workers(system, workers)
            _backlog(system, count // 4)  # warms everything up
            rates = [_backlog(system, count) for _ in range(rounds)]
            notebook.add(Figure(COMPLETED, by, "/s", rates, note="from a backlog; web and scheduler run beside"))
            rates = [_one_by_one(system, count) for _ in range(rounds)]
            notebook.add(Figure(ACCEPTED, by, "/s", rates, note="as the reference system is measured"))
    for workers in (1, 2):
        rates = [_empty_jobs(workers, count) for _ in range(rounds)]
        notebook.add(Figure(EMPTY, f"{QUEUE}, {_workers(workers)}", "/s", rates))
    for programs, threads in ((1, 1), (1, 4), (2, 4)):
        rates = [_raw(programs, threads, count) for _ in range(rounds)]
        by = f"{DRIVER}, {programs} times {threads} connections"
        notebook.add(Figure(COMPLETED, by, "/s", rates, note="no engine: the limit"))
    _compare(notebook)


def _compare(notebook: Notebook) -> None:
    ours = notebook.of(COMPLETED, f"{OURS}, 1 worker")
    empty = notebook.of(EMPTY, f"{QUEUE}, 1 worker")
    if ours and empty:
        share = [ours.median / empty.median]
        notebook.add(Figure("of Procrastinate's empty jobs, one worker each", OURS, "", share, at_least=1 / 3))


def _workers(count: int) -> str:
    return f"{count} worker" + "s" * (count > 1)


def _backlog(system: System, count: int) -> float:
    """Put `count` processes into the queue in one transaction; return how many are completed a second."""
    with transaction.atomic():
        ids = [each for _ in range(0, count, 500) for each in start_many([StartRequest("bench_noop")] * 500)]
    return _rate(system, len(ids))


def _one_by_one(system: System, count: int) -> float:
    """Start `count` processes one after the other, while the workers run; until the last one is completed."""
    begun = time.time()
    for _ in range(count):
        start_process("bench_noop")
    _wait(system)
    [(ended,)] = system.sql("SELECT extract(epoch FROM max(completed_at))::float FROM tasks_process")
    _clear(system)
    return count / (ended - begun)


def _rate(system: System, count: int) -> float:
    _wait(system)
    rate = _completed_a_second(system)
    _clear(system)
    return rate


def rate_of_backlog(system: System, count: int) -> float:
    """Put `count` processes into the queue beside whatever history there is; return how many are completed a second."""
    system.sql("DELETE FROM procrastinate_jobs")
    begun = system.sql("SELECT now()")[0][0]
    with transaction.atomic():
        start_many([StartRequest("bench_noop")] * count)
    left = "SELECT 1 FROM tasks_process WHERE started_at >= %s AND status <> 'completed' LIMIT 1"
    system.wait_for(lambda: not system.sql(left, begun), 600, every=0.2)
    return _completed_a_second(system, begun)


def _completed_a_second(system: System, since: datetime | None = None) -> float:
    [(rate,)] = system.sql(
        "SELECT count(*) / extract(epoch FROM max(completed_at) - min(first_run_at))::float FROM tasks_process "
        "WHERE status = 'completed' AND started_at >= coalesce(%s::timestamptz, '-infinity')", since
    )  # fmt: skip
    return float(rate)


def _wait(system: System) -> None:
    open_ones = "SELECT 1 FROM tasks_process WHERE status <> 'completed' LIMIT 1"
    system.wait_for(lambda: not system.sql(open_ones), 600, every=0.2)


def _clear(system: System) -> None:
    system.sql("TRUNCATE tasks_process, procrastinate_jobs CASCADE")


def _empty_jobs(workers: int, count: int) -> float:
    """Procrastinate's own worker command with its own settings, and a task that does nothing."""
    from benchmarks.queue_alone import app, empty

    with stand() as system:
        dsn = dsn_of(system)
        command = [sys.executable, "-m", "procrastinate", "--app=benchmarks.queue_alone.app", "worker",
                   "--concurrency=8"]  # fmt: skip
        for _ in range(workers):
            system.start("procrastinate", command, BENCH_DSN=dsn)
        joined = "SELECT 1 FROM procrastinate_workers OFFSET %s"
        system.wait_for(lambda: system.sql(joined, workers - 1), 30)
        time.sleep(1)
        from procrastinate import SyncPsycopgConnector

        with app.replace_connector(SyncPsycopgConnector(conninfo=dsn)) as here, here.open():
            empty.batch_defer(*[{} for _ in range(count)])
        system.wait_for(lambda: not system.sql("SELECT 1 FROM procrastinate_jobs WHERE status <> 'succeeded' LIMIT 1"),
                        600, every=0.2)  # fmt: skip
        [(rate,)] = system.sql(
            "SELECT count(*) FILTER (WHERE type = 'succeeded') / extract(epoch FROM max(at) FILTER (WHERE type = "
            "'succeeded') - min(at) FILTER (WHERE type = 'started'))::float FROM procrastinate_events"
        )
    return float(rate)


def _raw(programs: int, threads: int, count: int) -> float:
    """The statements of a worker without the worker: fetch a job, claim, record, record."""
    with stand() as system:
        commands = [[sys.executable, "-m", "benchmarks.raw", dsn_of(system), str(threads)]] * programs
        env = {**system.env, "ORCHESTRATOR_ROLE": "worker"}
        running = [until_ready(command, env) for command in commands]
        rate = _backlog(system, count)
        for program in running:
            program.communicate("end\n")
    return rate


def until_ready(command: Sequence[str], env: dict[str, str]) -> subprocess.Popen[str]:
    program = subprocess.Popen(
        command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert program.stdout is not None
    program.stdout.readline()
    return program


def dsn_of(system: System) -> str:
    return str(system.env["DATABASE_URL"])
