"""What wakes the threads of a worker, and what it does when it is refused or struck off the list."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection
from procrastinate import App
from procrastinate.contrib.django.utils import connector_params

from tasks import services
from tasks import turns as turn_taking
from tasks.models import Process, ProcessStatus
from tasks.queue_worker import ProcessWorker, make_connector
from tasks.turns import Turns
from tests.loops import run
from tests.system import System, wait_until
from tests.tasks.engine.jobs import jobs, without_jobs  # noqa: F401  a fixture

ON_LIST = "SELECT id FROM procrastinate_workers ORDER BY id"


class Drains:
    """What a thread of a worker is to do: counted, and held up while the gate is closed."""

    def __init__(self) -> None:
        self.count = 0
        self.again = False
        self.gate = threading.Event()
        self.gate.set()
        self.refusals: list[Exception] = []

    def __call__(self, found: Callable[[], None], again: Callable[[], bool]) -> None:
        self.count += 1
        if self.refusals:
            raise self.refusals.pop()
        self.gate.wait()
        self.again = again()

    async def reach(self, count: int) -> None:
        """Wait until there were so many, and a moment in which no other may follow."""
        await asyncio.to_thread(wait_until, lambda: self.count >= count)
        await asyncio.sleep(0.2)


def watched(story: Callable[[Drains], Any], turns: Turns | None = None) -> Drains:
    """Run a worker of one thread that never polls, and `story` beside it."""
    drains = Drains()

    async def main() -> None:
        connector = make_connector(connector_params())
        app = App(connector=connector)
        worker = ProcessWorker(
            app, threads=threads, drain=drains, ask_to_stop=lambda: None, concurrency=1,
            turns=turns or Turns(),
            fetch_job_polling_interval=3600.0, install_signal_handlers=False,
        )  # fmt: skip
        connector.on_listening = worker.look
        async with app.open_async():
            running = asyncio.create_task(worker.run())  # type: ignore[no-untyped-call]
            await drains.reach(2)  # one at the start, one when it listens
            await story(drains)
            worker.stop()
            await running

    with ThreadPoolExecutor(1) as threads:
        run(main())
    return drains


async def start() -> None:
    def inner() -> None:
        services.start_process("succeeding")
        connection.close()

    await asyncio.to_thread(inner)


def test_a_worker_looks_for_jobs_when_it_starts_when_it_listens_and_for_each_that_is_announced(system: System) -> None:
    async def story(drains: Drains) -> None:
        assert drains.count == 2
        await start()
        await drains.reach(3)

    assert watched(story).count == 3


def test_a_thread_goes_on_where_others_may_wait_that_no_thread_was_woken_for(system: System) -> None:
    async def story(drains: Drains) -> None:
        assert drains.again  # it looked for what nobody announced
        drains.gate.clear()
        await start()
        await drains.reach(3)
        drains.gate.set()
        await asyncio.to_thread(wait_until, lambda: bool(drains.again))  # the only thread is busy

    watched(story)


def test_what_is_announced_while_all_threads_are_busy_is_looked_for_afterwards(system: System) -> None:
    async def story(drains: Drains) -> None:
        drains.gate.clear()
        await start()
        await drains.reach(3)
        await start()
        await start()
        await asyncio.sleep(0.2)
        assert drains.count == 3
        drains.gate.set()
        await drains.reach(4)

    assert watched(story).count >= 4


def test_a_job_of_another_workers_turn_is_looked_for_a_little_later(system: System) -> None:
    turns = Turns()

    async def story(drains: Drains) -> None:
        turns.take_place(2, 2)  # never its turn
        await start()
        await drains.reach(3)
        await start()
        await drains.reach(4)

    assert watched(story, turns).count == 4


def test_jobs_of_another_workers_turn_wake_no_thread_at_once(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn_taking, "SHORTEST", 3600.0)
    turns = Turns()

    async def story(drains: Drains) -> None:
        await start()
        await drains.reach(3)
        [(last,)] = await asyncio.to_thread(system.sql, "SELECT max(id) FROM procrastinate_jobs")
        turns.take_place(last % 2, 2)  # of the two that follow it gets the second
        await start()
        await start()
        await drains.reach(4)

    assert watched(story, turns).count == 4


def test_what_was_announced_while_nobody_listened_is_looked_for_afterwards(system: System) -> None:
    async def story(drains: Drains) -> None:
        listening = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND query LIKE 'LISTEN %%'"
        )
        assert system.sql(listening, system.database)
        await drains.reach(3)

    watched(story)


def test_a_job_of_a_task_that_is_not_ours_fails_and_is_left_for_whoever_queued_it(system: System) -> None:
    system.sql(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args) "
        """VALUES ('default', 'theirs.task', 5, '{"process_id": "P-17"}')"""
    )
    worker = system.worker("--concurrency", "1")
    process_id = services.start_process("succeeding")
    wait_until(lambda: Process.objects.get(pk=process_id).status == ProcessStatus.COMPLETED)
    assert [status for _id, status, _lock in jobs(system)] == ["failed"]
    assert worker.stop() == 0
    assert "job_is_not_ours" in worker.output
    assert "theirs.task" in worker.output


def test_a_worker_that_is_refused_looks_again_under_its_number(system: System) -> None:
    """Jobs are known to belong to it by that number, and no other one has a heartbeat."""

    async def story(drains: Drains) -> None:
        before = await asyncio.to_thread(system.sql, ON_LIST)
        drains.refusals += [IntegrityError("for some reason")] * 3
        await start()
        await drains.reach(6)
        assert await asyncio.to_thread(system.sql, ON_LIST) == before

    watched(story)


def test_a_worker_that_was_struck_off_the_list_comes_back_once_whatever_its_threads_did(
    system: System, tmp_path: Path
) -> None:
    """Whoever starts a worker removes those that were silent for half a minute: one that was frozen, for example."""
    worker = system.worker("--concurrency", "3")
    gate, devices = tmp_path / "gate", ["a", "b"]
    ids = [services.start_process("locking", [{"device": device, "gate": str(gate)}]) for device in devices]
    running = Process.objects.filter(pk__in=ids, status=ProcessStatus.RUNNING)
    wait_until(lambda: running.count() == 2)
    ids += [services.start_process("locking", [{"device": device}]) for device in devices]
    system.sql("DELETE FROM procrastinate_workers")
    ids.append(services.start_process("succeeding"))  # the free thread is refused first, the others afterwards
    wait_until(lambda: Process.objects.get(pk=ids[-1]).status == ProcessStatus.COMPLETED)
    listed = system.sql(ON_LIST)
    gate.touch()
    wait_until(lambda: Process.objects.filter(pk__in=ids, status=ProcessStatus.COMPLETED).count() == 5)
    assert len(listed) == 1
    assert system.sql(ON_LIST) == listed
    assert worker.stop() == 0
