"""Keeps the runs of this operating-system process alive: renews leases, writes logs, tells news, beats for a worker.

One thread with a connection of its own, so that a step that holds its own connection for hours disturbs nothing. A run
whose lease is gone is told so; it ends at its next commit, which the database would refuse anyway.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final
from uuid import UUID

import structlog
from django.db import connection

from orchestrator_admin.ids import uuid7
from tasks import sql, steplogs, transitions
from tasks.engine import Run
from tasks.news import TOGETHER, news
from tasks.turns import Turns

logger = structlog.get_logger(__name__)

TICK: Final = 0.5
RENEWAL: Final = 8.0
HEARTBEAT: Final = 5.0


class Keeper(threading.Thread):
    """The thread. `beat` is called every few seconds; leases are held for runs, and for tokens without a run yet."""

    def __init__(self, beat: Callable[[int], None] | None = None) -> None:
        super().__init__(name="keeper", daemon=True)
        self._runs: dict[UUID, Run] = {}
        self._tokens: dict[UUID, UUID] = {}
        self._guard = threading.Lock()
        self._ending = threading.Event()
        self._beat = beat
        self.owner = f"{socket.gethostname()}:{os.getpid()}"
        self._renewed = time.monotonic()
        self._beaten = float("-inf")

    @property
    def busy(self) -> int:
        """Number of processes that run here now."""
        return len(self._runs)

    def hold(self, tokens: dict[UUID, UUID]) -> None:
        """Also renew the leases of processes that nobody runs yet."""
        with self._guard:
            self._tokens.update(tokens)

    def token_of(self, process_id: UUID) -> UUID | None:
        """Return the token under which a process is held that nobody runs yet."""
        return self._tokens.get(process_id)

    def let_go(self, process_id: UUID) -> None:
        """Renew that process's lease no more."""
        with self._guard:
            self._tokens.pop(process_id, None)

    @contextmanager
    def keeping(self) -> Iterator[Callable[[Run], None]]:
        """Give a function that registers a run, whose lease is then kept until the block ends."""
        kept: list[Run] = []

        def register(run: Run) -> None:
            kept.append(run)
            with self._guard:
                self._runs[run.process_id] = run

        try:
            yield register
        finally:
            with self._guard:
                for run in kept:
                    self._runs.pop(run.process_id, None)
                    self._tokens.pop(run.process_id, None)

    def run(self) -> None:
        """Work until `end` is called. A database that is away is waited for."""
        steplogs.install()
        ticked = float("-inf")
        while not self._ending.is_set():
            if time.monotonic() - ticked >= TICK:
                self._once()
                ticked = time.monotonic()
            news.came.wait(max(0.0, ticked + TICK - time.monotonic()))
            if self._tell():
                self._ending.wait(TOGETHER)
        self._once()
        self._tell()
        connection.close()

    def end(self) -> None:
        """Write what is left and end the thread."""
        self._ending.set()
        news.came.set()
        self.join(timeout=10)

    def _once(self) -> None:
        try:
            self._flush_logs()
            now = time.monotonic()
            if now - self._renewed >= RENEWAL:
                self._renew()
                self._renewed = now
            if self._beat is not None and now - self._beaten >= HEARTBEAT:
                self._beat(self.busy)
                self._beaten = now
        except sql.CONNECTION_TROUBLE as error:
            logger.warning("keeper_without_database", error=str(error).strip())
            connection.close()
        except Exception:
            logger.exception("keeper_failed")
            connection.close()

    def _tell(self) -> bool:
        try:
            return news.tell()
        except Exception as error:
            logger.warning("news_not_told", error=str(error).strip())
            connection.close()
            return False

    def _flush_logs(self) -> None:
        steplogs.handler.flush_lines()
        with self._guard:
            running = set(self._runs)
        steplogs.handler.forget_all_but(running)

    def _renew(self) -> None:
        with self._guard:
            held = self._tokens | {process_id: run.token for process_id, run in self._runs.items()}
        if not held:
            return
        kept = transitions.renew(held)
        with self._guard:
            for process_id in held.keys() - kept:
                run = self._runs.get(process_id)
                # A process that has just ended here has no lease either: its run is on its way out.
                if run is not None and run.token == held[process_id]:
                    run.lost = True


class Heartbeat:
    """The row of a worker, by which others see that it lives."""

    def __init__(self, *, concurrency: int, queues: str, version: str) -> None:
        self.id = uuid7()
        self.hostname, self.pid = socket.gethostname(), os.getpid()
        self.concurrency, self.queues, self.version = concurrency, queues, version
        self.turns = Turns()

    @property
    def name(self) -> str:
        return f"{self.hostname}:{self.pid}"

    def beat(self, busy: int) -> None:
        """Say that the worker lives and how many processes it runs, and see who else does."""
        sql.fetch(
            "INSERT INTO tasks_workerinstance "
            "(id, hostname, pid, concurrency, busy, queues, version, started_at, heartbeat_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, now(), now()) "
            "ON CONFLICT (id) DO UPDATE SET busy = EXCLUDED.busy, heartbeat_at = now()",
            (self.id, self.hostname, self.pid, self.concurrency, busy, self.queues, self.version),
        )
        row = sql.one(
            "SELECT count(*) FILTER (WHERE id < %s), count(*) FROM tasks_workerinstance "
            "WHERE queues = %s AND heartbeat_at > now() - make_interval(secs => %s)",
            (self.id, self.queues, 3 * HEARTBEAT),
        )
        if row is not None:
            self.turns.take_place(*row)

    def leave(self) -> None:
        """Say that the worker has ended as it should, if anybody listens."""
        with suppress(*sql.CONNECTION_TROUBLE):
            sql.fetch("DELETE FROM tasks_workerinstance WHERE id = %s", (self.id,))
