"""The next due times of a trigger, within a bounded time, and what the clocks do to them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from schedules.triggers import jitter
from schedules.triggers.base import Trigger
from schedules.triggers.dst import changes_between, resolve
from schedules.triggers.errors import SearchLimitReached
from schedules.triggers.limits import cpu_time

MOST_SECONDS = 0.4
MOST_TIMES = 100


@dataclass(frozen=True, slots=True)
class DueTime:
    """A due time (UTC). `flag`: `gap` moved behind a gap, `repeat` its local time comes twice, `clocks_change` that
    day the clocks change, or nothing."""

    at: datetime
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What will be due. `complete`: there are `count` times, or the trigger ends; otherwise `note` says why not."""

    description: str
    due_times: list[DueTime] = field(default_factory=list)
    complete: bool = True
    note: str = ""


def preview(trigger: Trigger, *, count: int = 10, after: datetime | None = None) -> Preview:
    """Return the next due times later than `after` (now), in far less than a second of CPU time."""
    times: list[DueTime] = []
    at = after or datetime.now(UTC)
    complete, note = True, ""
    try:
        with cpu_time(MOST_SECONDS) as stop_at:
            while len(times) < min(count, MOST_TIMES) and (due := trigger.next_after(at)):
                times.append(DueTime(due, flag(trigger, due)))
                at = due
                if time.thread_time() > stop_at:
                    complete, note = False, _("Working out more due times would take too long.")
                    break
    except SearchLimitReached as reached:
        complete, note = False, str(reached)
    if complete and not times:
        note = _("It is never due again.")
    return Preview(trigger.describe(), times, complete, note)


def flag(trigger: Trigger, due: datetime) -> str:
    """Return what the clocks do to that due time."""
    due = jitter.undelayed(trigger, due)
    zone = trigger.zone
    local = due.astimezone(zone)
    midnight = datetime(local.year, local.month, local.day)  # noqa: DTZ001 - a local time
    start, end = resolve(midnight, zone), resolve(midnight + timedelta(days=1), zone)
    change = next(changes_between(zone, start - timedelta(seconds=1), end), None)
    if change is None:
        return ""
    if due == change.at and change.after > change.before and trigger.moved_by_gap(due):
        return "gap"
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        return "repeat"
    return "clocks_change"
