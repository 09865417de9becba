"""A worker: N threads that take processes from the queue and run their steps.

Threads: the event loop listens for jobs and wakes the N threads (`queue_worker`), each of which takes and runs
processes on a connection of its own (`hand`); one thread keeps leases, logs, news and heartbeat (`keeper`), one sweeps
(`sweeper`).
Ending: at SIGTERM the running steps finish, what is left of their processes is handed back, and nothing new is taken.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import psycopg
import structlog
from django.db import connection
from procrastinate import App, exceptions
from procrastinate.contrib.django.utils import connector_params

from orchestrator_admin import __version__
from tasks import registry
from tasks.hand import Hand
from tasks.keeper import Heartbeat, Keeper
from tasks.news import news
from tasks.queue_worker import PAUSE, ProcessWorker, make_connector
from tasks.sweeper import Sweeper

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
        hand = Hand(heartbeat.name, queues, keeper, stopping=stopping.is_set)
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


def _close_connections(threads: ThreadPoolExecutor, concurrency: int) -> None:
    """Let each of the threads close its connection: the barrier gives everyone exactly one turn."""
    everyone = threading.Barrier(concurrency)

    def close() -> None:
        everyone.wait(timeout=10)
        connection.close()

    for turn in [threads.submit(close) for _ in range(concurrency)]:
        turn.result()


def _preload(name: str) -> None:
    """Import a workflow before processes need it; whoever starts one that does not import is told then."""
    try:
        _ = registry.get_workflow(name).steps
    except Exception:
        logger.exception("workflow_not_loaded", workflow_name=name)
