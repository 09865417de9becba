"""What it costs: CPU while idle, memory, CPU per firing with many idle schedules, statements per step and start."""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import connection

from benchmarks.figures import OURS, Figure, Notebook
from benchmarks.fill import add_schedules
from benchmarks.stand import cpu_seconds, memory, postmaster, stand, start_scheduler, start_web, start_workers
from schedules.services import create_schedule
from tasks import engine, sql, transitions
from tests.system import System


def measure_idle(notebook: Notebook, *, seconds: int, rounds: int) -> None:
    """Let everything run with nothing to do."""
    with stand() as system:
        processes = [start_web(system), *start_workers(system), start_scheduler(system)]
        system.get("/accounts/login/")
        time.sleep(20)
        pids = [*(process.pid for process in processes), postmaster()]
        shares = [_shares(pids, seconds) for _ in range(rounds)]
        used = [sum(share[:-1]) for share in shares]
        median = [sorted(each)[rounds // 2] for each in zip(*shares, strict=True)]
        each = ", ".join(f"{process.name} {share:.2f}" for process, share in zip(processes, median, strict=False))
        notebook.add(Figure("CPU while idle: web, worker and scheduler", OURS, "% of a core", used, at_most=2,
                            note=f"{each}; database {median[-1]:.2f} besides"))  # fmt: skip
        sizes = [memory(process.pid) / 1e6 for process in processes]
        each = ", ".join(f"{process.name} {size:.0f}" for process, size in zip(processes, sizes, strict=True))
        notebook.add(Figure("memory: web, worker and scheduler", OURS, "MB", [sum(sizes)], at_most=300, note=each))


def _shares(pids: list[int], seconds: int) -> list[float]:
    """Per cent of a core that each of these processes, with its children, uses meanwhile."""
    before, begun = [cpu_seconds(pid) for pid in pids], time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - begun
    return [(cpu_seconds(pid) - at) / passed * 100 for pid, at in zip(pids, before, strict=True)]


def measure_firing(notebook: Notebook, *, idle: int, seconds: int, rounds: int) -> None:
    """Measure CPU time per firing, of scheduler and database, with few and with many idle schedules beside."""
    few, many = _costs(100, seconds, rounds), _costs(idle, seconds, rounds)
    name = "CPU per firing, scheduler and database"
    notebook.add(Figure(f"{name}: 100 idle schedules", OURS, "ms", few))
    small = notebook.add(Figure(f"{name}: {idle:,} idle schedules", OURS, "ms", many))
    factor = small.median / sorted(few)[len(few) // 2]
    notebook.add(Figure("cost per firing, many idle schedules against few", OURS, "times", [factor], at_most=1.2))


def _costs(idle: int, seconds: int, rounds: int) -> list[float]:
    with stand() as system:
        add_schedules(idle)
        return costs_of_firing(system, seconds, rounds)


def costs_of_firing(system: System, seconds: int, rounds: int = 1) -> list[float]:
    """Fire 50 schedules a second for a while; milliseconds of CPU a firing, of scheduler and database, each round."""
    scheduler = start_scheduler(system)
    count = "SELECT count(*) FROM {}"
    projected = count.format("django_apscheduler_djangojob"), count.format("schedules_schedule")
    system.wait_for(lambda: system.sql(projected[0])[0] >= system.sql(projected[1])[0], 300)
    for table in ("schedules_schedule", "django_apscheduler_djangojob"):
        system.sql(f"VACUUM ANALYZE {table}")  # lest autovacuum does it while firing is measured
    _settle(scheduler.pid)
    first = (datetime.now(UTC) + timedelta(seconds=5)).replace(microsecond=0)
    for number in range(50):
        kwargs = {"seconds": 1, "start_date": (first + timedelta(milliseconds=20 * number)).isoformat()}
        create_schedule(name=f"firing {number}", workflow_name="bench_noop", trigger="interval",
                        trigger_kwargs=kwargs, user_inputs=[], user=None)  # fmt: skip
    time.sleep(max(0.0, first.timestamp() - time.time()) + 3)
    costs = []
    for _ in range(rounds):
        before, fired = _cpu(scheduler.pid), _fired(system)
        time.sleep(seconds)
        costs.append((_cpu(scheduler.pid) - before) * 1000 / (_fired(system) - fired))
    return costs


def _settle(pid: int) -> None:
    """Wait until what a scheduler does at its start is done."""
    while True:
        before = _cpu(pid)
        time.sleep(4)
        if _cpu(pid) - before < 0.3:
            return


def _cpu(pid: int) -> float:
    return cpu_seconds(pid) + cpu_seconds(postmaster())


def _fired(system: System) -> int:
    fired = "SELECT count(*) FROM schedules_occurrence WHERE scheduled_at > now() - interval '1 hour'"
    return int(system.sql(fired)[0][0])


def count_statements(notebook: Notebook) -> None:
    """Count what goes over the wire, with libpq's own trace: BEGIN and COMMIT apart."""
    from tasks.services import start_process

    with stand():
        start_process("bench_noop")
        statements, commits = _traced(lambda: start_process("bench_noop"))
        notebook.add(Figure("statements of a start", OURS, "", [statements], at_most=4, note=f"{commits} commit"))
        row = sql.one("SELECT worker_id FROM procrastinate_register_worker_v1()")
        assert row
        _take_and_run(row[0])
        statements, commits = _traced(lambda: _take_and_run(row[0]))
        note = "job, claim and first step in one; second, third and the job's end in another"
        notebook.add(Figure("statements of a process of three steps", OURS, "", [statements], at_most=9, note=note))
        notebook.add(Figure("its commits", OURS, "", [commits], at_most=3))


def _take_and_run(queue_worker: int) -> None:
    """Do what a thread of a worker does with one job."""
    token, leads = uuid.uuid4(), transitions.Leads({"bench_noop": (["Start"], "NSO calls")})
    taken = transitions.take(None, queue_worker, token, "bench", leads)
    assert taken
    assert taken.process_id
    engine.run_process(taken.process_id, token=token, job_id=taken.job_id, claimed=taken.claimed)


def _traced(work: Callable[[], object]) -> tuple[int, int]:
    """Statements and commits that `work` sends over Django's connection. One in autocommit mode is both."""
    connection.ensure_connection()
    with tempfile.TemporaryFile("w+") as file:
        connection.connection.pgconn.trace(file.fileno())
        try:
            work()
        finally:
            connection.connection.pgconn.untrace()
        file.seek(0)
        sent = [line.upper() for line in file if "\tF\t" in line]
    statements, commits, inside = 0, 0, False
    for line in sent:
        if "\tPARSE\t" in line or not ("\tQUERY\t" in line or "\tBIND\t" in line):
            continue  # a statement that is parsed is bound after that
        if '"BEGIN' in line:
            inside = True
        elif '"COMMIT' in line:
            inside, commits = False, commits + 1
        else:
            statements, commits = statements + 1, commits + (not inside)
    return statements, commits
