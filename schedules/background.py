"""What a scheduler does beside the clock: function calls, queued runs, missed due times, its heartbeat.

Each duty has its own pace and stands alone: one that raises is logged and tried again. They run in one thread of their
own, on their own connection; functions run in the pool of `Calls`. Nothing here can hold up the clock.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import InterfaceError, OperationalError, connection
from django.db.models.functions import Now
from django.utils import timezone

from schedules import projection
from schedules.ahead import look_behind
from schedules.backlog import write_backlog
from schedules.calls import Calls
from schedules.models import SchedulerInstance
from schedules.queued import give_up_unknown_functions, start_queued
from schedules.reconcile import mark_removed
from schedules.scheduler_state import State
from tasks.sweeper import sweep

logger = structlog.get_logger(__name__)

# Seconds between two looks at what waits; whoever knows of something calls `wake`.
LOOK = 1.0


@dataclass
class Duty:
    """Something to do every so many seconds; `work` may return True to be called again at once."""

    every: float
    work: Callable[[], object]
    due: float = 0.0


class Background:
    """The thread of duties. `wake` makes it look at once, `stop` ends it."""

    def __init__(self, state: State, calls: Calls) -> None:
        self._state = state
        self._calls = calls
        self._instance = SchedulerInstance(
            hostname=socket.gethostname(),
            pid=os.getpid(),
            started_at=timezone.now(),
            heartbeat_at=timezone.now(),
            declared=state.declared,
        )
        self._woken = threading.Event()
        self._stopping = False
        self._reachable = True
        self._thread = threading.Thread(target=self._run, name="background", daemon=True)
        self._attention = Duty(LOOK, self._look)
        self._calling = Duty(LOOK, calls.dispatch)
        self._starting = Duty(LOOK, start_queued)
        self._writing = Duty(LOOK, write_backlog)
        self._duties = [
            self._attention,
            Duty(5, self._beat),
            Duty(5, calls.renew),
            Duty(15, sweep),
            Duty(20, mark_removed),
            Duty(60, self._forget),
            Duty(600, projection.rebuild),
            Duty(60, give_up_unknown_functions),
        ]

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Something waits: look now."""
        self._woken.set()

    def stop(self) -> None:
        """End the thread and take the heartbeat's row away."""
        self._stopping = True
        self._woken.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopping:
            woken = self._woken.is_set()
            self._woken.clear()
            now = time.monotonic()
            for duty in self._duties:
                if duty.due <= now or (woken and duty is self._attention):
                    self._do(duty)
            self._woken.wait(max(0.05, min(duty.due for duty in self._duties) - time.monotonic()))
        self._do(Duty(0, self._leave))
        connection.close()

    def _look(self) -> bool:
        """Do what waits to be done, if anything does; one statement tells. True asks to look again soon."""
        waiting = look_behind(timezone.now())
        more = False
        for waits, duty in (
            (waiting.calls, self._calling),
            (waiting.runs, self._starting),
            (waiting.backlog, self._writing),
        ):
            if waits:
                more |= self._do(duty)
        return more

    def _do(self, duty: Duty) -> bool:
        """Do it, whatever it raises; return whether there is more of it."""
        more: object = None
        try:
            more = duty.work()
        except (OperationalError, InterfaceError) as error:
            if self._reachable:  # said once an outage, not twice a second
                logger.warning("database_unreachable", duty=duty.work.__name__, error=str(error).strip())
            self._reachable = False
            connection.close()
        except Exception:
            logger.exception("duty_failed", duty=duty.work.__name__)
        else:
            if not self._reachable:
                logger.info("database_reachable")
            self._reachable = True
        duty.due = time.monotonic() + (0.05 if more is True else duty.every)
        return more is True

    def _beat(self) -> None:
        """Say that the loop is alive, as of its last turn: a wedged loop's heart stops though this thread lives."""
        state, instance = self._state, self._instance
        # By the database's clock: by one that is ahead, a scheduler would seem alive for long after its end.
        instance.heartbeat_at = Now() - timedelta(seconds=state.seconds_since_turn())
        instance.fired = state.fired
        instance.last_lag_ms = max(0, min(int(state.last_lag * 1000), 2**31 - 1))
        instance.save()

    def _forget(self) -> None:
        """Remove the rows of schedulers that ended without saying so some time ago."""
        SchedulerInstance.objects.filter(heartbeat_at__lt=timezone.now() - timedelta(minutes=10)).delete()

    def _leave(self) -> None:
        SchedulerInstance.objects.filter(id=self._instance.id).delete()
