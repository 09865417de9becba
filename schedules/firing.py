"""Turns due times into occurrences: the one transaction that guarantee 1 of the README rests on.

Guarantee: every due time of an enabled schedule becomes exactly one occurrence, with any number of schedulers. One
transaction locks a batch of due schedules (those that another scheduler holds are skipped over), writes their
occurrences (unique on schedule and due time), creates the processes and their queue jobs, and moves the cursors by
compare-and-set. It commits whole or not at all, so a crash at any point leaves the due times to the next scheduler.

Threading: every function here works on the calling thread's connection and keeps nothing between calls but the cache
of parsed triggers, which is guarded by a lock.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import Error, InterfaceError, OperationalError, transaction
from django.utils import timezone

from schedules import ledger, projection, stored_triggers
from schedules.cursors import move_cursors
from schedules.decisions import Decider, Verdict
from schedules.due import Passed, passed
from schedules.exceptions import UnreadableTrigger
from schedules.locking import BATCH, due_schedules, lock_one
from schedules.models import Backlog, CatchUp, Occurrence, Outcome, Reason, Schedule, SchedulerInstance, TriggerKind
from schedules.triggers import SearchLimitReached
from tasks.registry import registered

logger = structlog.get_logger(__name__)

# Due times of one schedule that are looked at singly when it is noticed late; what lies before goes to the backlog.
RUNS_AT_ONCE = 100
# Bounds of one transaction, for the time after an outage.
OCCURRENCES_AT_ONCE = 2000
SECONDS_OF_PLANNING = 0.3
# How long a due time waits for a scheduler that knows its task, while there is another scheduler.
HANDOVER = timedelta(seconds=15)
ALIVE = timedelta(seconds=15)


@dataclass
class Fired:
    """What one call did: how many schedules and due times, by what outcome, and the lag of the latest due ones."""

    schedules: int = 0
    occurrences: int = 0
    functions: int = 0
    parked: int = 0
    lags: list[float] = field(default_factory=list)
    left: set[UUID] = field(default_factory=set)

    def add(self, other: Fired) -> None:
        self.schedules += other.schedules
        self.occurrences += other.occurrences
        self.functions += other.functions
        self.parked += other.parked
        self.lags += other.lags


@dataclass
class Plan:
    """One due schedule, what has passed of it, and what keeps it from coming again, if anything does."""

    schedule: Schedule
    passed: Passed
    error: str = ""
    readable: bool = True

    @property
    def next_due(self) -> datetime | None:
        return self.passed.next_due


def fire_due(
    *,
    now: datetime | None = None,
    leave: Collection[UUID] = (),
    limit: int = BATCH,
    oldest: datetime | None = None,
) -> Fired:
    """Fire a batch of what is due, in one transaction of its own.

    `leave` names schedules that another scheduler shall have, `oldest` is the earliest cursor where it is known. A
    batch that one row makes impossible is fired row by row instead, and that row parked. Raises only what a broken
    connection raises.
    """
    moment = now or timezone.now()
    due: list[Schedule] = []
    try:
        with transaction.atomic():
            due = due_schedules(moment, leave=leave, limit=limit, oldest=oldest)
            strange = _for_others(due, moment)
            fired = fire([schedule for schedule in due if schedule.id not in strange], moment)
            fired.left = strange
            return fired
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("firing_batch_failed", schedules=len(due))
        return _fire_singly([schedule.id for schedule in due], moment)


def fire(
    schedules: Sequence[Schedule], now: datetime, *, recorded: Collection[datetime] = (), failing: str = ""
) -> Fired:
    """Fire these schedules, which the caller has locked in its transaction; those not due are left as they are.

    With `failing`, nothing is started: what would have been is recorded as failed for that reason. Due times that are
    in the ledger already, `recorded`, are passed over.
    """
    plans = _plans(schedules, now)
    if not plans:
        return Fired()
    decider = Decider([plan.schedule for plan in plans], now, failing=failing)
    for plan in plans:
        if plan.readable:
            _decide(decider, plan.schedule, plan.passed, now, recorded)
        else:
            decider.record(plan.schedule, _due(plan.schedule), Verdict(Outcome.FAILED, Reason.ERROR, plan.error))
    occurrences = decider.settle()
    ledger.write(occurrences)
    backlogs = [_behind(plan, now) for plan in plans if plan.passed.left_out]
    if backlogs:
        Backlog.objects.bulk_create(backlogs)
    parked = [plan for plan in plans if plan.error]
    move_cursors([(plan.schedule, plan.next_due, decider.troubles.get(plan.schedule.id, plan.error)) for plan in plans])
    for plan in parked:
        logger.error("schedule_parked", schedule_id=str(plan.schedule.id), reason=plan.error)
    written = timezone.now()
    return Fired(
        schedules=len(plans),
        occurrences=len(occurrences),
        functions=sum(occurrence.outcome == Outcome.CLAIMED for occurrence in occurrences),
        parked=len(parked),
        lags=[(written - plan.passed.times[-1]).total_seconds() for plan in plans],
    )


def _for_others(schedules: Sequence[Schedule], now: datetime) -> set[UUID]:
    """Return schedules whose task this process does not know but another scheduler, with newer code, may know.

    They are left alone for a short while; after that the due time is recorded as failed to start.
    """
    known = registered()
    strange = {
        schedule.id
        for schedule in schedules
        if schedule.workflow_name and schedule.workflow_name not in known and now - _due(schedule) < HANDOVER
    }
    alive = SchedulerInstance.objects.filter(heartbeat_at__gt=now - ALIVE)
    return strange if strange and alive.count() > 1 else set()


def _due(schedule: Schedule) -> datetime:
    assert schedule.next_due_at is not None  # noqa: S101  (the condition under which it was locked)
    return schedule.next_due_at


def _plans(schedules: Sequence[Schedule], now: datetime) -> list[Plan]:
    """Work out what has passed, schedule by schedule, until the transaction would become too long.

    The rest stays due: the next transaction takes it.
    """
    plans: list[Plan] = []
    until, count = time.monotonic() + SECONDS_OF_PLANNING, 0
    for schedule in schedules:
        if schedule.next_due_at is None or schedule.next_due_at > now:
            continue
        if plans and (count > OCCURRENCES_AT_ONCE or time.monotonic() > until):
            break
        plans.append(_plan(schedule, now))
        count += len(plans[-1].passed.times)
    return plans


def _plan(schedule: Schedule, now: datetime) -> Plan:
    only = Passed([_due(schedule)], left_out=False, next_due=None)
    try:
        return Plan(schedule, passed(stored_triggers.trigger_of(schedule), _due(schedule), now, _singly(schedule)))
    except UnreadableTrigger as error:
        return Plan(schedule, only, str(error), readable=False)
    except SearchLimitReached as error:  # this due time is good; no further one was found
        return Plan(schedule, only, str(error))
    except Exception as error:
        logger.exception("trigger_failed", schedule_id=str(schedule.id))
        return Plan(schedule, only, str(UnreadableTrigger(f"{type(error).__name__}: {error}")), readable=False)


def _singly(schedule: Schedule) -> int:
    return max(RUNS_AT_ONCE, schedule.catch_up_limit if schedule.catch_up == CatchUp.ALL else 0)


def _decide(decider: Decider, schedule: Schedule, due: Passed, now: datetime, recorded: Collection[datetime]) -> None:
    """Give each due time of one schedule its verdict, by misfire grace and catch-up."""
    grace = timedelta(seconds=schedule.misfire_grace)
    late = [at for at in due.times if now - at > grace]
    runs: set[datetime] = set()
    if schedule.trigger == TriggerKind.DATE:
        pass  # a one-off that is late asks a person first: the outage screen offers it
    elif schedule.catch_up == CatchUp.ALL:
        runs = set(late[-schedule.catch_up_limit :])
    elif schedule.catch_up == CatchUp.LATEST and late[-1:] == due.times[-1:]:
        runs = set(late[-1:])
    for at in due.times:
        if at in recorded:
            continue
        if now - at <= grace:
            decider.run(schedule, at)
        elif at in runs:
            decider.run(schedule, at, catching_up=True)
        else:
            decider.record(schedule, at, Verdict(Outcome.MISSED, Reason.LATE, late_by(at, now)))


def _behind(plan: Plan, now: datetime) -> Backlog:
    """Return the stretch between the cursor and the latest due times, to be written as missed behind what is due."""
    schedule, times = plan.schedule, plan.passed.times
    return Backlog(
        schedule=schedule,
        trigger=schedule.trigger,
        trigger_kwargs=schedule.trigger_kwargs,
        time_zone=schedule.time_zone,
        after=times[0],
        before=times[1],
        outcome=Outcome.MISSED,
        reason=Reason.LATE,
        noticed_at=now,
    )


def late_by(at: datetime, now: datetime) -> str:
    """Say how late a due time was noticed, for people, without fractions."""
    return str(timedelta(seconds=int((now - at).total_seconds())))


def _fire_singly(ids: Sequence[UUID], now: datetime) -> Fired:
    """Fire each schedule in a transaction of its own, so that the one that fails stands alone."""
    total = Fired()
    for schedule_id in ids:
        try:
            with transaction.atomic():
                for schedule in lock_one(schedule_id):
                    total.add(fire([schedule], now, recorded=_recorded(schedule)))
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            logger.exception("firing_failed", schedule_id=str(schedule_id))
            total.add(_record_failure(schedule_id, now, f"{type(error).__name__}: {error}"))
    return total


def _record_failure(schedule_id: UUID, now: datetime, why: str) -> Fired:
    """Record as failed what one schedule could not start; park the schedule when not even that works."""
    try:
        with transaction.atomic():
            schedules = lock_one(schedule_id)
            recorded = [at for schedule in schedules for at in _recorded(schedule)]
            return fire(schedules, now, recorded=recorded, failing=why)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("schedule_parked", schedule_id=str(schedule_id))
        _park(schedule_id, why)
        return Fired(parked=1)


def _recorded(schedule: Schedule) -> set[datetime]:
    """Return what the ledger has from the cursor on: something after the clock was set back, otherwise nothing."""
    later = Occurrence.objects.filter(schedule=schedule, scheduled_at__gte=schedule.next_due_at)
    return set(later.values_list("scheduled_at", flat=True))


def _park(schedule_id: UUID, reason: str) -> None:
    try:
        with transaction.atomic():
            Schedule.objects.filter(id=schedule_id).update(next_due_at=None, parked_reason=reason)
            projection.project([schedule_id])
            projection.notify([schedule_id])
    except (OperationalError, InterfaceError):
        raise
    except Error:
        logger.exception("parking_failed", schedule_id=str(schedule_id))
