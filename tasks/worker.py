"""A worker: N threads that take processes from the queue and run their steps.

Threads: the event loop listens for jobs and wakes the N threads (`queue_worker`), each of which takes and runs
processes on a connection of its own; one thread keeps leases, logs, news and heartbeat (`keeper`), one sweeps
(`sweeper`).
Ending: at SIGTERM the running steps finish, what is left of their processes is handed back, and nothing new is taken.
"""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import takewhile
from typing import Final, TypeVar
from uuid import UUID

import psycopg
import structlog
from django.conf import settings
from django.db import connection, reset_queries
from procrastinate import App, exceptions
from procrastinate.contrib.django.utils import connector_params

from orchestrator_admin import __version__
from tasks import engine, queue, registry, sql, transitions
from tasks.keeper import Heartbeat, Keeper
from tasks.news import news
from tasks.queue_worker import PAUSE, ProcessWorker, make_connector
from tasks.steps import Kind
from tasks.sweeper import Sweeper
from tasks.transitions import Leads, Taken

logger = structlog.get_logger(__name__)
T = TypeVar("T")

POLLING: Final = 5.0
LONGEST_STANDSTILL: Final = 30.0
"""Seconds after which a worker whose event loop does not turn stops saying that it lives."""

stopping = threading.Event()
"""Set when this worker is asked to end."""


class _Pulse:
    """Tells whether the event loop still turns: without it nothing is fetched, whatever the threads do."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    @property
    def felt(self) -> bool:
        return time.monotonic() - self._last < LONGEST_STANDSTILL

    async def keep(self) -> None:
        while True:
            self._last = time.monotonic()
            await asyncio.sleep(PAUSE)


def serve(*, concurrency: int, queues: Sequence[str] | None) -> None:
    """Be a worker until SIGTERM or SIGINT."""
    for name in registry.registered():
        _preload(name)
    news.collect()
    heartbeat = Heartbeat(concurrency=concurrency, queues=", ".join(queues or ()), version=__version__)
    pulse = _Pulse()
    keeper, sweeper = Keeper(lambda busy: heartbeat.beat(busy) if pulse.felt else None), Sweeper()
    keeper.start()
    sweeper.start()
    logger.info("worker_started", worker=heartbeat.name, concurrency=concurrency, queues=list(queues or ()))
    try:
        asyncio.run(_serve(heartbeat, concurrency, queues, keeper, pulse))
    finally:
        sweeper.end()
        keeper.end()
        heartbeat.leave()
        logger.info("worker_stopped", worker=heartbeat.name)


async def _serve(
    heartbeat: Heartbeat, concurrency: int, queues: Sequence[str] | None, keeper: Keeper, pulse: _Pulse
) -> None:
    # Not the loop's own threads: in those it looks up the database's address, however long our steps take.
    threads = ThreadPoolExecutor(concurrency, thread_name_prefix="process")
    connector = make_connector(connector_params())
    app = App(connector=connector)
    beating = asyncio.create_task(pulse.keep())
    while not stopping.is_set():
        hand = _Hand(heartbeat.name, queues, keeper)
        worker = ProcessWorker(
            app,
            threads=threads,
            drain=hand.drain,
            ask_to_stop=stopping.set,
            turns=heartbeat.turns,
            queues=queues,
            name=heartbeat.name,
            concurrency=concurrency,
            fetch_job_polling_interval=POLLING,
            abort_job_polling_interval=3600.0,
        )
        hand.queue_worker = lambda worker=worker: worker.worker_id  # type: ignore[misc]
        connector.on_listening = worker.look
        try:
            async with app.open_async():
                await worker.run()  # type: ignore[no-untyped-call]
        except (exceptions.ConnectorException, psycopg.OperationalError, TimeoutError) as error:
            logger.warning("worker_without_database", error=str(error).strip())
            await asyncio.sleep(PAUSE)
    beating.cancel()
    _close_connections(threads, concurrency)
    threads.shutdown()


class _Hand:
    """What each of the threads does: take a job, run its process, finish the job, until there is none."""

    def __init__(self, name: str, queues: Sequence[str] | None, keeper: Keeper) -> None:
        self.name, self.queues, self.keeper = name, list(queues) if queues else None, keeper
        self.leads = Leads(_leads())
        self.queue_worker: Callable[[], int | None] = lambda: None

    def drain(self, found: Callable[[], None], again: Callable[[], bool]) -> None:
        """Do a job, and others while `again()`, until there is none or the worker ends.

        One that held a lock may have kept another one waiting, which nobody announces.
        """
        while not stopping.is_set() and (queue_worker := self.queue_worker()) is not None:
            token = uuid.uuid4()
            try:
                taken = transitions.take(self.queues, queue_worker, token, self.name, self.leads)
            except sql.CONNECTION_TROUBLE:
                # Whether something was taken nobody knows before the database is back.
                taken = _persistently(partial(transitions.taken, token))
                if taken is None:
                    continue
            if taken is None:
                return
            found()
            found = _nothing
            self._do(taken, token)
            if not (taken.locked or again()):
                return

    def _do(self, taken: Taken, token: UUID) -> None:
        """Run a process, if it is still to be run. Its end and its job's are one commit, where it ends here."""
        deleted = False
        try:
            if taken.process_id is None:
                task_name = _persistently(lambda: queue.fail(taken.job_id))
                logger.error("job_is_not_ours", job_id=taken.job_id, task_name=task_name)
                return
            with self.keeper.keeping() as register:
                run = engine.run_process(
                    taken.process_id, worker=self.name, token=token, stopping=stopping.is_set, register=register,
                    job_id=taken.job_id, claimed=taken.claimed,
                )  # fmt: skip
            deleted = run is not None and run.job_deleted
        except Exception:
            logger.exception("process_not_run", process_id=str(taken.process_id))
            connection.close()
        if not deleted:
            _persistently(lambda: sql.fetch("DELETE FROM procrastinate_jobs WHERE id = %s", (taken.job_id,)))
        if settings.DEBUG:
            reset_queries()


def _nothing() -> None:
    """Is called when a thread finds another job: the first has woken the next thread."""


def _persistently(ask: Callable[[], T]) -> T:
    """Ask the database until it answers. Raises what its absence raises when this worker ends meanwhile."""
    while True:
        try:
            return ask()
        except sql.CONNECTION_TROUBLE as error:
            connection.close()
            if stopping.is_set():
                raise
            logger.warning("worker_without_database", error=str(error).strip())
            time.sleep(PAUSE)


def _close_connections(threads: ThreadPoolExecutor, concurrency: int) -> None:
    """Let each of the threads close its connection: the barrier gives everyone exactly one turn."""
    everyone = threading.Barrier(concurrency)

    def close() -> None:
        everyone.wait(timeout=10)
        connection.close()

    for turn in [threads.submit(close) for _ in range(concurrency)]:
        turn.result()


def _leads() -> dict[str, tuple[list[str], str]]:
    """Return, by workflow, the steps without a function that come first, and the name of the one after them."""
    found = {}
    for name in registry.registered():
        with suppress(Exception):  # `_preload` has told
            steps = registry.get_workflow(name).steps
            first = list(takewhile(lambda step: step.kind is Kind.PASS and not step.wrappers, steps))
            if first and len(first) < len(steps):
                found[name] = ([step.name for step in first], steps[len(first)].name)
    return found


def _preload(name: str) -> None:
    """Import a workflow before processes need it; whoever starts one that does not import is told then."""
    try:
        _ = registry.get_workflow(name).steps
    except Exception:
        logger.exception("workflow_not_loaded", workflow_name=name)
