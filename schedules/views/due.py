"""Due times as pages show them: in the schedule's zone, the viewer's and UTC, with what clock changes do to them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from schedules import stored_triggers
from schedules.exceptions import UnreadableTrigger
from schedules.triggers import SearchLimitReached, preview
from schedules.triggers.limits import cpu_time, looking_up_to

if TYPE_CHECKING:
    from schedules.models import Schedule
    from schedules.triggers import Trigger

SHOWN = 10
MOST_SECONDS = 0.05


@dataclass
class DueRow:
    """One due time, and what the previous version of the schedule had in its place."""

    at: datetime
    flag: str = ""
    words: str = ""
    skipped: bool = False
    before: datetime | None = None


@dataclass
class DueTimes:
    """The next due times of a trigger, with the sentence that says them."""

    sentence: str = ""
    zone: str = "UTC"
    rows: list[DueRow] = field(default_factory=list)
    complete: bool = True
    note: str = ""
    comparing: bool = False

    @property
    def local_zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def viewer_zone(self) -> str:
        return timezone.get_current_timezone_name()

    @property
    def same_zone(self) -> bool:
        """Whether the schedule's zone shows the viewer's times, so that one column will do."""
        viewer = timezone.get_current_timezone()
        return all(
            row.at.astimezone(viewer).utcoffset() == row.at.astimezone(self.local_zone).utcoffset() for row in self.rows
        )

    @property
    def flagged(self) -> bool:
        """Whether the clocks change at one of them."""
        return any(row.flag for row in self.rows)


def trigger_of(schedule: Schedule) -> Trigger | None:
    """Return the schedule's trigger, or None when it cannot be read: such a schedule is parked and says why."""
    try:
        return stored_triggers.trigger_of(schedule)
    except UnreadableTrigger:
        return None


def sentence_of(schedule: Schedule) -> str:
    """Return when the schedule runs, in words."""
    trigger = trigger_of(schedule)
    return trigger.describe() if trigger else _("Unreadable trigger")


def times_before(schedule: Schedule, end: datetime, most: int) -> list[datetime]:
    """Return the due times before `end`, `most` at most; fewer where a search for them would take too long."""
    trigger, at = trigger_of(schedule), schedule.next_due_at
    times: list[datetime] = []
    with suppress(SearchLimitReached), cpu_time(MOST_SECONDS), looking_up_to(end):
        while trigger is not None and at is not None and at < end and len(times) < most:
            times.append(at)
            at = trigger.next_after(at)
    return times


def due_times(trigger: Trigger, *, after: datetime | None = None, count: int = SHOWN) -> DueTimes:
    """Return the next `count` due times after `after` (now); fewer, with a note, when they are too far to compute."""
    found = preview(trigger, count=count, after=after)
    rows = [DueRow(due.at, due.flag, flag_words(due.flag)) for due in found.due_times]
    return DueTimes(found.description, trigger.time_zone, rows, found.complete, found.note)


def due_times_of(schedule: Schedule, count: int = SHOWN) -> DueTimes | None:
    """Return the due times that will follow for a stored schedule: the cursor and what comes after it."""
    trigger = trigger_of(schedule)
    if trigger is None or schedule.removed_from_code_at is not None:
        return None
    if schedule.enabled and schedule.next_due_at is None:
        return DueTimes(trigger.describe(), trigger.time_zone)
    after = schedule.next_due_at - timedelta(microseconds=1) if schedule.enabled and schedule.next_due_at else None
    times = due_times(trigger, after=after, count=count)
    if schedule.skip_next and times.rows:
        times.rows[0].skipped = True
    return times


def compared(times: DueTimes, before: list[datetime]) -> DueTimes:
    """Put the due times that held before beside the ones of `times`, place by place."""
    times.comparing = True
    for row, earlier in zip(times.rows, before, strict=False):
        row.before = earlier
    return times


def flag_words(flag: str) -> str:
    """Return what a clock change does to a due time."""
    return {
        "gap": _("clocks go forward"),
        "repeat": _("clocks go back"),
        "clocks_change": _("clocks change"),
    }.get(flag, "")
