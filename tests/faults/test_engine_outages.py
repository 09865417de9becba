"""The database goes away while processes run: they go on when it is back, or say what happened to them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg import sql

from tasks.models import Process, ProcessStatus, ProcessStep, Product
from tests.bench import SETTLED, Bench
from tests.constants import constants
from tests.databases import connect
from tests.system import System, wait_until


@pytest.fixture
def bench(system: System, tmp_path: Path) -> Bench:
    return Bench(system, tmp_path)


@contextmanager
def outage(system: System) -> Iterator[None]:
    """Nobody gets into the system's database, and whoever was in it is thrown out."""
    from django.db import connections

    connections.close_all()
    name = sql.Identifier(system.database)
    with connect("postgres") as postgres:
        postgres.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [system.database])
        try:
            yield
        finally:
            postgres.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_twenty_processes_survive_a_restart_of_the_database(bench: Bench, mode: str) -> None:
    system = bench.system
    gate = bench.file("gate")
    worker = system.worker("--concurrency", "20")
    ids = [bench.start("dawdling", gate=str(gate)) for _ in range(20)]
    wait_until(lambda: len(bench.traced()) == 20, 60)
    system.restart_database(mode)
    gate.touch()
    wait_until(lambda: not Process.objects.exclude(status__in=SETTLED).exists(), 60)
    assert set(Process.objects.values_list("status", flat=True)) == {"completed"}
    assert len(bench.traced()) == 40
    for process_id in ids:
        assert len(bench.rows(process_id)) == 5
    usual = bench.run("succeeding")
    assert usual.status == ProcessStatus.COMPLETED
    assert worker.returncode is None


@pytest.mark.timeout(300)
def test_processes_survive_an_outage(bench: Bench, long_run: bool) -> None:
    """Of a minute, in the long run: longer than any lease."""
    system = bench.system
    gate = bench.file("gate")
    system.worker("--concurrency", "10")
    ids = [bench.start("dawdling", gate=str(gate)) for _ in range(10)]
    queued = bench.start("succeeding")
    wait_until(lambda: len(bench.traced()) == 10, 60)
    with outage(system):
        gate.touch()
        time.sleep(60 if long_run else 5)
    wait_until(lambda: not Process.objects.exclude(status__in=SETTLED).exists(), 60)
    assert {bench.settled(process_id).status for process_id in [*ids, queued]} == {"completed"}
    assert sorted(set(bench.traced())) == ["began 1", "ended 1"]
    assert len(bench.traced()) == 20


def test_a_step_whose_own_writes_were_lost_fails_and_says_so(bench: Bench) -> None:
    system = bench.system
    gate = bench.file("gate")
    system.worker()
    process_id = bench.start("writing", product="lost", gate=str(gate))
    wait_until(lambda: bench.traced() == ["wrote lost"])
    system.restart_database("immediate")
    gate.touch()
    process = bench.settled(process_id, 60)
    assert process.status == ProcessStatus.FAILED
    assert "undone" in process.failed_reason or "connection" in process.failed_reason
    assert not Product.objects.filter(name="lost").exists()
    assert bench.rows(process_id)[-1] == ("Write to the database", "failed")


@pytest.mark.timeout(600)
def test_strides_are_taken_once_while_connections_are_cut_again_and_again(bench: Bench, long_run: bool) -> None:
    system = bench.system
    worker = system.worker("--concurrency", "8")
    ids = [bench.start("striding", seconds=0.1) for _ in range(40 if long_run else 8)]
    wait_until(lambda: len(bench.traced()) > 4)
    while Process.objects.exclude(status__in=SETTLED).exists():
        system.cut_connections("orchestrator-worker")
        time.sleep(0.25)
    assert set(Process.objects.values_list("status", flat=True)) == {"completed"}
    for process_id in ids:
        taken = [int(word.split()[1]) for word in bench.traced() if word.startswith(str(process_id))]
        assert taken == list(range(10))
        assert ProcessStep.objects.filter(process_id=process_id).count() == 12
    assert worker.returncode is None


def test_a_worker_listens_again_after_its_connection_was_cut(bench: Bench) -> None:
    system = bench.system
    system.env |= constants({"tasks.worker.POLLING": 3600})  # what is not announced is not found
    system.worker()
    bench.run("succeeding")
    listening = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'"
    [(before,)] = wait_until(lambda: system.sql(listening))
    system.sql("SELECT pg_terminate_backend(%s)", before)
    wait_until(lambda: [row for row in system.sql(listening) if row[0] != before])
    for _ in range(3):
        bench.run("succeeding")


def test_a_worker_waits_for_a_database_that_is_not_there_yet(bench: Bench) -> None:
    system = bench.system
    with outage(system):
        worker = system.worker()
        wait_until(lambda: "unreachable" in worker.output or "without_database" in worker.output)
        assert worker.returncode is None, worker.output
    assert bench.run("succeeding").status == ProcessStatus.COMPLETED


def test_a_worker_takes_jobs_again_soon_after_an_outage(bench: Bench, long_run: bool) -> None:
    """However long it was: the queue's pool must not sit out a pause that doubled while nobody answered.

    How soon is measured in the long run: after five seconds no pause would be long.
    """
    bench.system.worker()
    bench.run("succeeding")
    with outage(bench.system):
        time.sleep(70 if long_run else 5)
    began = time.monotonic()
    bench.run("succeeding")
    assert time.monotonic() - began < 10 or not long_run
