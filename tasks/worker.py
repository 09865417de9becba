"""A worker: Procrastinate's, taught to outlive its database, with N threads for the steps of processes.

Threads: the event loop fetches jobs and finishes them; N threads run processes, each on its own connection; one thread
keeps leases, logs and heartbeat (`keeper`), one sweeps (`sweeper`).
Ending: at SIGTERM the running steps finish, what is left of their processes is handed back, and nothing new is taken.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog
from django.conf import settings
from django.db import connection, reset_queries
from procrastinate import App, exceptions, psycopg_connector
from procrastinate.contrib.django import app as django_app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.jobs import Job
from procrastinate.worker import Worker
from psycopg_pool import AsyncConnectionPool

from orchestrator_admin import __version__
from tasks import engine, registry
from tasks.keeper import Heartbeat, Keeper
from tasks.sweeper import Sweeper

logger = structlog.get_logger(__name__)
queue_logger = logging.getLogger("procrastinate")

POLLING: Final = 5.0
PAUSE: Final = 1.0
LONGEST_STANDSTILL: Final = 30.0
"""Seconds after which a worker whose event loop does not turn stops saying that it lives."""

stopping = threading.Event()
"""Set when this worker is asked to end."""
_keeper: Keeper | None = None
_name = ""
_deleted_jobs: set[int] = set()


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


_pulse = _Pulse()


def work(process_id: UUID, job_id: int | None) -> None:
    """Run a process in the calling thread, if it is still to be run. Its end and its job's are one commit."""
    assert _keeper is not None  # noqa: S101  jobs run within `serve`
    with _keeper.keeping() as register:
        run = engine.run_process(process_id, worker=_name, stopping=stopping.is_set, register=register, job_id=job_id)
    if run is not None and run.job_deleted and job_id is not None:
        _deleted_jobs.add(job_id)
    if settings.DEBUG:
        reset_queries()


def serve(*, concurrency: int, queues: Sequence[str] | None) -> None:
    """Be a worker until SIGTERM or SIGINT."""
    global _keeper, _name
    for name in registry.registered():
        _preload(name)
    heartbeat = Heartbeat(concurrency=concurrency, queues=", ".join(queues or ()), version=__version__)
    _name = heartbeat.name
    _keeper, sweeper = Keeper(lambda busy: heartbeat.beat(busy) if _pulse.felt else None), Sweeper()
    _keeper.start()
    sweeper.start()
    logger.info("worker_started", worker=_name, concurrency=concurrency, queues=list(queues or ()))
    try:
        asyncio.run(_serve(concurrency, queues))
    finally:
        sweeper.end()
        _keeper.end()
        heartbeat.leave()
        logger.info("worker_stopped", worker=_name)


async def _serve(concurrency: int, queues: Sequence[str] | None) -> None:
    loop = asyncio.get_running_loop()
    threads = ThreadPoolExecutor(concurrency, thread_name_prefix="process")
    loop.set_default_executor(threads)
    app = App(
        connector=_Connector(
            pool_factory=_unchecked, kwargs=connector_params(), min_size=1, max_size=4, configure=_autocommit
        )
    )
    django_app.perform_import_paths()
    app.tasks = django_app.tasks
    pulse = asyncio.create_task(_pulse.keep())
    while not stopping.is_set():
        worker = ProcessWorker(
            app,
            queues=queues,
            name=_name,
            concurrency=concurrency,
            delete_jobs="always",
            fetch_job_polling_interval=POLLING,
            abort_job_polling_interval=3600.0,
        )
        try:
            async with app.open_async():
                await worker.run()  # type: ignore[no-untyped-call]
        except (exceptions.ConnectorException, psycopg.OperationalError, TimeoutError) as error:
            logger.warning("worker_without_database", error=str(error).strip())
            await asyncio.sleep(PAUSE)
    pulse.cancel()
    _close_connections(threads, concurrency)


def _close_connections(threads: ThreadPoolExecutor, concurrency: int) -> None:
    """Let each of the threads close its connection: the barrier gives everyone exactly one turn."""
    everyone = threading.Barrier(concurrency)

    def close() -> None:
        everyone.wait(timeout=10)
        connection.close()

    for turn in [threads.submit(close) for _ in range(concurrency)]:
        turn.result()


class ProcessWorker(Worker):
    """Procrastinate's worker, which would end when the database is away for a moment: this one waits for it."""

    def stop(self) -> None:
        """Take no more jobs; processes that run here are handed back after their current step."""
        stopping.set()
        super().stop()  # type: ignore[no-untyped-call]

    _failed_fetches = 0

    async def _fetch_and_process_jobs(self) -> None:
        try:
            await super()._fetch_and_process_jobs()  # type: ignore[no-untyped-call]
            self._failed_fetches = 0
        except exceptions.ConnectorException as error:
            logger.warning("jobs_not_fetched", error=str(error.__cause__ or error).strip())
            await asyncio.sleep(min(PAUSE, 0.05 * 2**self._failed_fetches))
            self._failed_fetches += 1
            self._new_job_event.set()

    async def _update_heartbeat(self) -> None:
        while True:
            try:
                await super()._update_heartbeat()  # type: ignore[no-untyped-call]
            except exceptions.ConnectorException as error:
                logger.warning("queue_heartbeat_failed", error=str(error.__cause__ or error).strip())
                await asyncio.sleep(PAUSE)

    async def _persist_job_status(self, job: Job, **kwargs: Any) -> None:  # type: ignore[override]
        """Finish a job, unless that happened already. It may be gone: the sweeper throws jobs of lost workers away."""
        if job.id in _deleted_jobs:
            _deleted_jobs.discard(job.id)
            return
        while True:
            try:
                await super()._persist_job_status(job=job, **kwargs)
            except exceptions.ConnectorException as error:
                if isinstance(error.__cause__, psycopg.errors.RaiseException):
                    return
                logger.warning("job_not_finished", error=str(error.__cause__ or error).strip())
                await asyncio.sleep(PAUSE)
                if self._stop_event.is_set():
                    return
            else:
                return

    def _log_extra(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Say nothing where nobody listens: that would cost as much as running a small process."""
        return dict(super()._log_extra(*args, **kwargs)) if queue_logger.isEnabledFor(logging.INFO) else {}


class _Connector(psycopg_connector.PsycopgConnector):
    """Connections for the event loop, which listens again whatever happened to the connection that listened."""

    async def listen_notify(self, on_notification: Any, channels: Iterable[str]) -> None:
        names = list(channels)
        while True:
            try:
                await super().listen_notify(on_notification, names)
            except (exceptions.ConnectorException, psycopg.OperationalError) as error:
                logger.warning("listening_interrupted", error=str(error.__cause__ or error).strip())
                await asyncio.sleep(PAUSE)


def _unchecked(**options: Any) -> AsyncConnectionPool[Any]:
    """Make a pool that does not ask each connection whether it lives before it is used: what fails is done again.

    Its pauses double while the database is away, up to a minute: an attempt is given up early, the next begins anew.
    """
    return AsyncConnectionPool(**(options | {"check": None, "timeout": 5.0, "reconnect_timeout": 3.0}))


async def _autocommit(queue_connection: psycopg.AsyncConnection[Any]) -> None:
    """Each of the queue's statements is a transaction of its own: one round trip instead of three."""
    await queue_connection.set_autocommit(True)


def _preload(name: str) -> None:
    """Import a workflow before processes need it; whoever starts one that does not import is told then."""
    try:
        _ = registry.get_workflow(name).steps
    except Exception:
        logger.exception("workflow_not_loaded", workflow_name=name)
