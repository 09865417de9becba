"""The scheduler process: APScheduler's loop as the clock, with our store, and what runs beside it.

Guarantees 1 and 2 of the README rest on `firing.py`; this module's part is to call it at the right moment and never to
stop without notice. Any number of these processes may run, on any number of hosts.

Threads: the loop (the main thread; the only one that fires), the background thread, the pool of functions, the
listener, and the watchdog, which ends the whole process when the loop has not turned for `WEDGED` seconds, so that the
supervisor starts a new one. No thread but the watchdog can end the process.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import UTC
from types import FrameType

import structlog
from apscheduler.schedulers.blocking import BlockingScheduler
from django.db import InterfaceError, OperationalError, connection

from schedules.background import Background
from schedules.calls import Calls
from schedules.decorators import ALL_SCHEDULERS, scheduler
from schedules.firing import Fired
from schedules.listening import Listener
from schedules.reconcile import reconcile_code_schedules
from schedules.scheduler_state import State
from schedules.store import LONGEST_SLEEP, ScheduleStore
from tasks.registry import autodiscover

__all__ = ["ALL_SCHEDULERS", "Clock", "SchedulerProcess", "scheduler"]

logger = structlog.get_logger(__name__)

WEDGED = 20.0
EXIT_WEDGED = 70


class Clock(BlockingScheduler):  # type: ignore[misc]
    """APScheduler's loop: guarded, so that no error ends it, and never asleep for more than a second."""

    def __init__(self, store: ScheduleStore, state: State, stopping: threading.Event) -> None:
        super().__init__(jobstores={"default": store}, timezone=UTC)
        self._turns = state
        self._stopping = stopping

    def _process_jobs(self) -> float:
        self._turns.turn()
        if self._stopping.is_set():
            self.shutdown(wait=False)
            return 0.0
        try:
            seconds = super()._process_jobs()
        except (OperationalError, InterfaceError) as error:
            logger.warning("database_unreachable", error=str(error).strip())
            seconds = None
        except Exception:
            logger.exception("scheduler_turn_failed")
            seconds = None
        self._turns.turn()
        longest = LONGEST_SLEEP.total_seconds()
        return longest if seconds is None else min(float(seconds), longest)


class SchedulerProcess:
    """Everything that `runscheduler` runs. `run` blocks until `stop`, which any thread or signal may call."""

    def __init__(self, *, threads: int = 4) -> None:
        self._state = State()
        self._calls = Calls(threads)
        self._stopping = threading.Event()
        self._clock = Clock(ScheduleStore(self._fired), self._state, self._stopping)
        self._listener = Listener(self._clock_wakeup)
        self._background: Background | None = None

    def run(self) -> None:
        """Reconcile the declared schedules, then fire what falls due until told to stop."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        self._state.declared = self._reconciled()
        if self._stopping.is_set():
            return
        self._background = Background(self._state, self._calls)
        self._background.start()
        self._listener.start()
        logger.info("scheduler_started", pid=os.getpid(), declared=len(self._state.declared))
        self._clock.start()
        self._listener.stop()
        self._calls.stop(wait=True)
        self._background.stop()
        connection.close()
        logger.info("scheduler_stopped", pid=os.getpid(), fired=self._state.fired)

    def stop(self) -> None:
        """End `run` after the current turn. Functions that are being called come to their end."""
        self._stopping.set()
        if self._clock.running:
            self._clock.wakeup()

    def stop_on_signals(self) -> None:
        """Stop on SIGTERM and SIGINT. The handler only starts a thread: the loop's locks may be held where it runs."""

        def handle(number: int, frame: FrameType | None) -> None:
            threading.Thread(target=self.stop, name="stop").start()

        signal.signal(signal.SIGTERM, handle)
        signal.signal(signal.SIGINT, handle)

    def _reconciled(self) -> list[str]:
        """Reconcile, waiting for the database as long as it takes."""
        autodiscover()
        while not self._stopping.is_set():
            try:
                return reconcile_code_schedules()
            except (OperationalError, InterfaceError) as error:
                logger.warning("database_unreachable", error=str(error).strip())
                connection.close()
                self._state.turn()
                self._stopping.wait(1)
        return []

    def _fired(self, fired: Fired) -> None:
        self._state.count(fired)
        logger.info(
            "schedules_fired",
            schedules=fired.schedules,
            occurrences=fired.occurrences,
            lag_ms=int(self._state.last_lag * 1000),
        )
        if fired.functions and self._background is not None:
            self._background.wake()

    def _clock_wakeup(self) -> None:
        if self._clock.running:
            self._clock.wakeup()
        if self._background is not None:
            self._background.wake()

    def _watch(self) -> None:
        """End the process when the loop hangs. Not a clean exit: there is nothing to save, all state is committed."""
        while not self._stopping.is_set():
            time.sleep(1)
            if self._state.seconds_since_turn() > WEDGED and not self._stopping.is_set():
                logger.critical("scheduler_wedged", seconds=int(self._state.seconds_since_turn()))
                os._exit(EXIT_WEDGED)
