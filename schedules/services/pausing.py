"""Pauses and resumes schedules, and leaves out a single run.

A paused schedule has no cursor and costs nothing. What would have been due meanwhile is written into the ledger when it
is resumed, as skipped because it was paused: the latest thousand due times, behind what is due now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.permissions import Person
from schedules import projection, stored_triggers
from schedules.due import TICK, latest
from schedules.exceptions import InvalidSchedule, ScheduleError, UnreadableTrigger
from schedules.models import Backlog, Outcome, Reason, Schedule
from schedules.services.access import locked

RECORDED_OF_A_PAUSE = 1000


@dataclass(frozen=True)
class Result:
    """What became of one schedule of many."""

    schedule_id: UUID
    ok: bool
    message: str = ""


def pause_schedule(
    schedule_id: UUID | str, *, user: Person | None, reason: str = "", until: datetime | None = None
) -> Schedule:
    """Stop a schedule from starting anything, until somebody resumes it or until `until`, when it resumes by itself.

    Pausing a paused schedule changes reason and end.
    """
    if until is not None and (timezone.is_naive(until) or until <= timezone.now()):
        raise InvalidSchedule({"until": [_("Enter a time in the future.")]})
    with transaction.atomic():
        schedule, now = locked(schedule_id, user=user)
        if schedule.enabled:
            schedule.enabled = False
            schedule.paused_at = now
            schedule.next_due_at = None
        schedule.paused_by_id = None if user is None else user.pk
        schedule.paused_reason = reason
        schedule.paused_until = until
        schedule.version += 1
        schedule.save()
        _publish(schedule)
    return schedule


def resume_schedule(schedule_id: UUID | str, *, user: Person | None) -> Schedule:
    """Let a paused schedule run again: next at its first due time from now on. Harmless when it is not paused."""
    with transaction.atomic():
        schedule, now = locked(schedule_id, user=user)
        if not schedule.enabled:
            enable(schedule, now)
            schedule.version += 1
            schedule.save()
            _publish(schedule)
    return schedule


def resume_elapsed(now: datetime, *, limit: int = 500) -> int:
    """Resume the schedules whose pause has ended, as of its end; return how many. The scheduler's loop calls this."""
    with transaction.atomic():
        paused = Schedule.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            enabled=False, paused_until__lte=now
        )
        schedules = list(paused.order_by("paused_until")[:limit])
        for schedule in schedules:
            enable(schedule, schedule.paused_until or now)
            schedule.save()
        if schedules:
            ids = [schedule.id for schedule in schedules]
            projection.project(ids)
            projection.notify(ids)
    return len(schedules)


def enable(schedule: Schedule, at: datetime) -> None:
    """Put a paused schedule back into force as of `at`, itself included; unsaved. Its pause goes into the ledger."""
    paused_at, detail = schedule.paused_at, schedule.paused_reason
    schedule.enabled = True
    schedule.paused_at = schedule.paused_until = schedule.paused_by = None
    schedule.paused_reason = ""
    if schedule.removed_from_code_at is not None:
        return
    try:
        trigger = stored_triggers.trigger_of(schedule)
    except UnreadableTrigger as error:
        schedule.parked_reason = str(error)
        return
    schedule.next_due_at = trigger.next_after(at - TICK)
    schedule.parked_reason = ""
    if paused_at is None or paused_at >= at:
        return
    times, _following = latest(trigger, paused_at, at - TICK, RECORDED_OF_A_PAUSE)
    if times:
        Backlog.objects.create(
            schedule=schedule,
            trigger=schedule.trigger,
            trigger_kwargs=schedule.trigger_kwargs,
            time_zone=schedule.time_zone,
            after=times[0] - TICK,
            before=at,
            outcome=Outcome.SKIPPED,
            reason=Reason.PAUSED,
            detail=detail,
            noticed_at=at,
        )


def skip_next(schedule_id: UUID | str, *, user: Person | None, on: bool = True) -> Schedule:
    """Leave out the next run, and only that one; or take that back."""
    with transaction.atomic():
        schedule, _now = locked(schedule_id, user=user)
        if on and schedule.next_due_at is None:
            raise ScheduleError(_("%(name)s has no next run.") % {"name": schedule.name})
        schedule.skip_next = on
        schedule.version += 1
        schedule.save()
        _publish(schedule)
    return schedule


def bulk_pause(
    schedule_ids: Iterable[UUID], *, user: Person | None, reason: str = "", until: datetime | None = None
) -> list[Result]:
    """Pause each of these schedules; one that is refused does not keep the others from it."""
    return _each(schedule_ids, lambda key: pause_schedule(key, user=user, reason=reason, until=until))


def bulk_resume(schedule_ids: Iterable[UUID], *, user: Person | None) -> list[Result]:
    """Resume each of these schedules; one that is refused does not keep the others from it."""
    return _each(schedule_ids, lambda key: resume_schedule(key, user=user))


def _each(schedule_ids: Iterable[UUID], act: Callable[[UUID], object]) -> list[Result]:
    results = []
    for schedule_id in schedule_ids:
        try:
            act(schedule_id)
        except ScheduleError as error:
            results.append(Result(schedule_id, False, str(error)))
        else:
            results.append(Result(schedule_id, True))
    return results


def _publish(schedule: Schedule) -> None:
    projection.project([schedule.id])
    projection.notify([schedule.id], edited=True)
