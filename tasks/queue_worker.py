"""Procrastinate's worker, taught to outlive its database, and to let the threads that run processes fetch their jobs.

The event loop registers the worker, keeps its heartbeat and listens. For each job that is announced it wakes a thread,
at once where it is this worker's turn (`turns`); a thread takes jobs, by Procrastinate's own function, until there is
none, so that a busy worker hands nothing from the loop to the threads and back. Guarantee: no announcement is lost.
What is announced while all threads are busy, while one is just finding the queue empty, when it is another worker's
turn, or before the worker listens, is looked for once more; and every few seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import Any, Final

import psycopg
import structlog
from django.db import IntegrityError
from procrastinate import exceptions, psycopg_connector
from procrastinate.worker import Worker
from psycopg_pool import AsyncConnectionPool

from tasks.turns import Turns

logger = structlog.get_logger(__name__)

PAUSE: Final = 1.0

_ON_LIST: Final = "SELECT EXISTS (SELECT FROM procrastinate_workers WHERE id = %(worker_id)s) AS on_list"


class ProcessWorker(Worker):
    """`drain(found, again)` runs in one of `threads`: it does a job, and others while there are any and `again()`.

    It calls `found` when it has the first. `ask_to_stop` is called when the worker is told to end.
    """

    def __init__(
        self,
        *args: Any,
        threads: Executor,
        drain: Callable[[Callable[[], None], Callable[[], bool]], None],
        ask_to_stop: Callable[[], None],
        turns: Turns,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self._threads, self._drain, self._ask_to_stop, self._turns = threads, drain, ask_to_stop, turns
        self._busy: set[asyncio.Future[None]] = set()
        self._missed = False
        self._failures = 0
        self._trying_again: asyncio.Task[None] | None = None
        self._later: asyncio.TimerHandle | None = None

    def stop(self) -> None:
        """Take no more jobs; processes that run here are handed back after their current step."""
        self._ask_to_stop()
        super().stop()  # type: ignore[no-untyped-call]

    def look(self) -> None:
        """Look for jobs nobody announced; where there is one there may be more, so each first find wakes a thread."""
        self._wake(lambda: self._loop and self._loop.call_soon_threadsafe(self.look), lambda: True)

    def _wake(self, found: Callable[[], Any], again: Callable[[], bool]) -> None:
        if self._stop_event.is_set():
            return
        if len(self._busy) >= self.concurrency:
            self._missed = True
            return
        thread = asyncio.get_running_loop().run_in_executor(self._threads, self._drain, found, again)
        self._busy.add(thread)
        thread.add_done_callback(self._rest)

    def _rest(self, thread: asyncio.Future[None]) -> None:
        self._busy.discard(thread)
        if error := thread.exception():
            if self._trying_again is None or self._trying_again.done():
                self._trying_again = asyncio.get_running_loop().create_task(self._try_again(error))
            return
        self._failures = 0
        if self._missed:
            self._missed = False
            self.look()

    async def _try_again(self, error: BaseException) -> None:
        """Look once more after a while, for all threads that failed meanwhile."""
        pause = min(PAUSE, 0.05 * 2 ** min(self._failures, 10))
        self._failures += 1
        logger.warning("jobs_not_fetched", error=str(error).strip(), next_try_in=pause)
        await asyncio.sleep(pause)
        if isinstance(error, IntegrityError) and not self._stop_event.is_set():
            await self._stay_on_list()
        self.look()

    async def _stay_on_list(self) -> None:
        """A worker that was frozen for a while is struck off the list, and nobody can take jobs without being on it.

        One that is on it was refused for another reason, and keeps its number: only that one has a heartbeat.
        """
        try:
            row = await self.app.connector.execute_query_one_async(_ON_LIST, worker_id=self.worker_id)
            if not row["on_list"]:
                self.worker_id = await self.app.job_manager.register_worker()
                logger.warning("worker_registered_again", queue_worker=self.worker_id)
        except exceptions.ConnectorException as error:
            logger.warning("worker_without_database", error=str(error.__cause__ or error).strip())

    # What Procrastinate's worker calls.

    async def _fetch_and_process_jobs(self) -> None:
        self._new_job_event.clear()
        self.look()

    async def _handle_notification(self, *, channel: str, notification: Any) -> None:
        if notification["type"] != "job_inserted":
            return
        if self._turns.is_mine(notification["job_id"]):
            self._wake(lambda: None, self._has_no_hand_free)
        else:
            self._look_later()

    def _look_later(self) -> None:
        """Look for jobs of other workers' turns; where there is one there may be more, so look later once more."""
        if self._later is None and self._loop is not None:
            self._later = self._loop.call_later(self._turns.pause(), self._look_for_others)

    def _look_for_others(self) -> None:
        self._later = None
        self._wake(lambda: self._loop and self._loop.call_soon_threadsafe(self._look_later), lambda: True)

    def _has_no_hand_free(self) -> bool:
        """Tell whether jobs may wait that nobody was woken for: every other one has woken a thread of its own."""
        return self._missed or len(self._busy) >= self.concurrency

    async def _shutdown(self, side_tasks: list[asyncio.Task[Any]]) -> None:
        """Wait for the running steps while the heartbeat goes on: without it others would take our jobs for stalled."""
        if self._later is not None:
            self._later.cancel()
        while self._busy:
            await asyncio.wait(self._busy)
        await super()._shutdown(side_tasks)

    async def _update_heartbeat(self) -> None:
        while True:
            try:
                await super()._update_heartbeat()  # type: ignore[no-untyped-call]
            except exceptions.ConnectorException as error:
                logger.warning("queue_heartbeat_failed", error=str(error.__cause__ or error).strip())
                await asyncio.sleep(PAUSE)


class Connector(psycopg_connector.PsycopgConnector):
    """Connections for the event loop, which listens again whatever happened to the connection that listened.

    `on_listening` is called whenever it listens anew: what was announced before was not heard.
    """

    on_listening: Callable[[], None] = staticmethod(lambda: None)

    async def listen_notify(self, on_notification: Any, channels: Iterable[str]) -> None:
        names = list(channels)
        while True:
            try:
                await super().listen_notify(on_notification, names)
            except (exceptions.ConnectorException, psycopg.OperationalError) as error:
                logger.warning("listening_interrupted", error=str(error.__cause__ or error).strip())
                await asyncio.sleep(PAUSE)

    async def _loop_notify(self, *args: Any, **options: Any) -> None:
        self.on_listening()
        await super()._loop_notify(*args, **options)


def make_connector(parameters: dict[str, Any]) -> Connector:
    """Return a connector of few connections, each of whose statements is a transaction: one round trip, not three."""
    return Connector(pool_factory=_unchecked, kwargs=parameters, min_size=1, max_size=2, configure=_autocommit)


def _unchecked(**options: Any) -> AsyncConnectionPool[Any]:
    """Make a pool that does not ask each connection whether it lives before it is used: what fails is done again.

    Its pauses double while the database is away, up to a minute: an attempt is given up early, the next begins anew.
    """
    return AsyncConnectionPool(**(options | {"check": None, "timeout": 5.0, "reconnect_timeout": 3.0}))


async def _autocommit(queue_connection: psycopg.AsyncConnection[Any]) -> None:
    await queue_connection.set_autocommit(True)
