"""The job store that makes APScheduler the clock of our schedules, and nothing but the clock.

APScheduler asks for what is due: that fires it (`firing.py`) and hands out nothing to run. It asks when to come again:
that is the earliest cursor. Jobs are changed through `schedules.services` only, so everything by which APScheduler
would write refuses. Nothing is pickled or unpickled: `job_state` holds JSON, and what a job would run is always the
same named function here, never one that a row names.

Threading: get_due_jobs and get_next_run_time run in the scheduler's loop, under APScheduler's lock of its stores.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NoReturn
from uuid import UUID

import structlog
from apscheduler.job import Job
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from django_apscheduler.jobstores import DjangoJobStore
from django_apscheduler.models import DjangoJob

from schedules import firing
from schedules.ahead import Ahead, look_ahead
from schedules.firing import Fired
from schedules.services.pausing import resume_elapsed
from schedules.triggers import load

logger = structlog.get_logger(__name__)

# The loop never sleeps longer, whatever the next due time: the bound behind NOTIFY.
LONGEST_SLEEP = timedelta(seconds=1)
# Milliseconds after which the server ends a firing transaction that does not go on.
HALF_WAY = 5000
# How far this host's clock may be ahead of the database's before it is not believed.
AHEAD_AT_MOST = timedelta(seconds=1)
# What is due but held by another scheduler is looked at again after this long.
BUSY = timedelta(milliseconds=20)


def fire(schedule_id: str) -> None:
    """Stand for a schedule where APScheduler wants a function. Firing happens in `get_due_jobs`."""
    raise RuntimeError(f"schedule {schedule_id} is fired by the store, not by an executor")


class ScheduleStore(DjangoJobStore):  # type: ignore[misc]
    """Fires what is due. `on_fired` hears of every batch that did something."""

    def __init__(self, on_fired: Callable[[Fired], None] = lambda fired: None) -> None:
        super().__init__()
        self._on_fired = on_fired
        self._left: dict[UUID, datetime] = {}
        self._ahead: Ahead | None = None
        self._looked = 0.0
        self._clock_is_wrong = False

    def register_event_listeners(self) -> None:
        """Register none: the ledger is written by firing itself."""

    def get_due_jobs(self, now: datetime) -> list[Job]:
        """Fire all that is due, batch by batch, and return nothing to run.

        What was seen ahead in the last turn is acted on without looking again; after that, every batch is.
        """
        with loop_connection():
            if self._ahead is not None and self._ahead.reached(self._now()):
                self._act(self._ahead)
            while self._act(self._look()):
                pass
        return []

    def get_next_run_time(self) -> datetime:
        """Return when to look again: at the earliest cursor or end of a pause, at once to at most a second from now."""
        now, ahead = self._now(), self._ahead
        times = [moment for moment in (ahead.due, ahead.resumes) if moment is not None] if ahead else []
        # Counted from this host's clock, by which APScheduler sleeps.
        return timezone.now() + min([BUSY if moment <= now else moment - now for moment in times] + [LONGEST_SLEEP])

    def _now(self) -> datetime:
        """Return the time by this host's clock, or by the database's where this host's is far ahead of it.

        What is fired too early cannot be taken back. A clock that is behind harms nobody: other schedulers fire, and
        the pages warn of what is overdue.
        """
        now = timezone.now()
        if self._ahead is None:
            return now
        database = self._ahead.clock + timedelta(seconds=time.monotonic() - self._looked)
        wrong = now - database > AHEAD_AT_MOST
        if wrong != self._clock_is_wrong:
            self._clock_is_wrong = wrong
            event = "clock_ahead_of_database" if wrong else "clock_agrees_again"
            logger.warning(event, seconds=int((now - database).total_seconds()))
        return database if wrong else now

    def _look(self) -> Ahead:
        left, asked = self._left_alone(), time.monotonic()
        self._ahead = look_ahead(left)
        self._looked = asked  # not the time of the answer: a slow one must not make this clock seem to be ahead
        return self._ahead

    def _left_alone(self) -> Collection[UUID]:
        now = self._now()
        self._left = {key: until for key, until in self._left.items() if until > now}
        return self._left

    def _act(self, ahead: Ahead) -> bool:
        """Fire a batch of what is due, or else end pauses that are over; return whether there was anything to do."""
        now = self._now()
        if ahead.due is not None and ahead.due <= now:
            fired = firing.fire_due(now=now, leave=self._left, oldest=ahead.due)
            self._left |= dict.fromkeys(fired.left, now + LONGEST_SLEEP)
            if fired.schedules or fired.parked:
                self._on_fired(fired)
            if fired.schedules or fired.left:
                return True
        # Pauses that have ended come after what is due: nothing holds that up.
        return ahead.resumes is not None and ahead.resumes <= now and resume_elapsed(now) > 0

    def lookup_job(self, job_id: str) -> Job | None:
        """Return the job as its JSON describes it, or None."""
        return next(iter(self._get_jobs(id=job_id)), None)

    def _get_jobs(self, **filters: Any) -> list[Job]:
        """Return jobs made from the JSON of their rows; one that cannot be read is left out, never deleted."""
        rows = DjangoJob.objects.filter(**filters).values_list("id", "job_state", "next_run_time")
        return [job for row in rows.iterator() if (job := self._job(*row)) is not None]

    def _job(self, job_id: str, state: bytes, next_run_time: datetime | None) -> Job | None:
        try:
            described = json.loads(bytes(state))
            trigger = load(described["trigger"], described["trigger_kwargs"], time_zone=described["time_zone"])
            job = Job.__new__(Job)
            job._scheduler, job._jobstore_alias = self._scheduler, self._alias
            job.__setstate__(_state(job_id, str(described["name"]), trigger, next_run_time))
        except Exception:
            logger.exception("job_unreadable", schedule_id=job_id)
            return None
        return job

    def add_job(self, job: Job) -> NoReturn:
        self._refuse()

    def update_job(self, job: Job) -> NoReturn:
        self._refuse()

    def remove_job(self, job_id: str) -> NoReturn:
        self._refuse()

    def remove_all_jobs(self) -> NoReturn:
        self._refuse()

    def shutdown(self) -> None:
        """Close the loop's connection."""
        connection.close()

    def _refuse(self) -> NoReturn:
        raise TypeError("Schedules are changed through schedules.services, which keep APScheduler's table up to date.")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def _state(job_id: str, name: str, trigger: Any, next_run_time: datetime | None) -> dict[str, Any]:
    return {
        "version": 1,
        "id": job_id,
        "func": f"{__name__}:{fire.__name__}",
        "trigger": trigger,
        "executor": "default",
        "args": (job_id,),
        "kwargs": {},
        "name": name,
        "misfire_grace_time": None,
        "coalesce": True,
        "max_instances": 1,
        "next_run_time": next_run_time,
    }


@contextmanager
def loop_connection() -> Iterator[None]:
    """Use the loop's connection; drop it after an error of the connection itself, so that the next use reconnects.

    A transaction of a process that is stopped half way (SIGSTOP, a frozen machine) is ended by the server, so that the
    rows which it holds become free for other schedulers.
    """
    try:
        if connection.connection is None:
            with connection.cursor() as cursor:
                cursor.execute(f"SET idle_in_transaction_session_timeout = {HALF_WAY}")
        yield
    except (OperationalError, InterfaceError):
        connection.close()
        raise
