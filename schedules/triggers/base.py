"""What every trigger does: start, end, delay at random, and APScheduler's interface.

A trigger is a value without state: `next_after` depends on its argument only, so any process may ask at any time.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger

from schedules.triggers import jitter, sentences
from schedules.triggers.dst import LAST_YEAR, TICK, next_fixed, next_in_real_time
from schedules.triggers.errors import SearchLimitReached
from schedules.triggers.exclusions import Exclusions
from schedules.triggers.limits import looking_up_to
from schedules.triggers.patterns import Pattern

VERSION = 1
MOST_DAYS_EXCLUDED = 500
END_OF_TIME = datetime(LAST_YEAR, 12, 30, tzinfo=UTC)
START_OF_TIME = datetime(1, 1, 3, tzinfo=UTC)


class Trigger(BaseTrigger):  # type: ignore[misc]
    """When a schedule is due. `kwargs` is its normalised JSON: parsing it again gives the same due times."""

    kind: str
    version = VERSION
    legs: Sequence[Trigger] = ()

    def __init__(
        self,
        kwargs: Mapping[str, Any],
        zone: ZoneInfo,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        jitter: int = 0,
        salt: str = "",
        exclusions: Exclusions | None = None,
    ) -> None:
        self.kwargs = dict(kwargs)
        self.zone = zone
        # In UTC: in a zone with clock changes, adding and comparing would go by what the clocks show.
        self.start = start.astimezone(UTC) if start else None
        self.end = end.astimezone(UTC) if end else None
        self.jitter = jitter
        self.salt = salt
        self.exclusions = exclusions

    @property
    def time_zone(self) -> str:
        return self.zone.key

    def next_after(self, after: datetime) -> datetime | None:
        """Return the first due time (UTC) strictly later than `after`, or None when there is none any more."""
        after = after.astimezone(UTC)
        if not self.jitter:
            return self.undelayed_after(after)
        with looking_up_to(None):  # the length of a delay depends on the due time after it
            return jitter.next_after(self, after)

    def first(self, now: datetime) -> datetime | None:
        """Return the first due time at or after `now`."""
        return self.next_after(now.astimezone(UTC) - TICK)

    def undelayed_after(self, after: datetime) -> datetime | None:
        """Return the first due time strictly later than `after` (UTC) within start and end, before any random delay."""
        if self.start and after < self.start:
            after = self.start - TICK
        if not START_OF_TIME < after < END_OF_TIME:
            return None if after > START_OF_TIME else self.undelayed_after(START_OF_TIME + TICK)
        due = self.series_after(after)
        if self.exclusions:
            due = self._not_excluded(due)
        return None if due is None or (self.end and due > self.end) else due

    def within(self, after: datetime, until: datetime) -> datetime | None:
        """Return `undelayed_after(after)` when it is not later than `until`."""
        try:
            with looking_up_to(until):
                due = self.undelayed_after(after)
        except SearchLimitReached as reached:
            if reached.searched_to < until:
                raise
            return None
        return due if due is not None and due <= until else None

    def _not_excluded(self, due: datetime | None) -> datetime | None:
        """Return the first of the due times from `due` on that is on no excluded day; None after too many such days."""
        for _day in range(MOST_DAYS_EXCLUDED):
            if due is None or self.exclusions is None:
                break
            day_ends = self.exclusions.end_of_day(due, self.zone)
            if day_ends is None:
                return due
            due = self.series_after(day_ends - TICK)
        return None

    @abstractmethod
    def series_after(self, after: datetime) -> datetime | None:
        """Return the first due time (UTC) strictly later than `after`, start and end aside."""

    def describe(self) -> str:
        """Return a translated sentence that says when it is due."""
        until = self.end.astimezone(self.zone) if self.end else None
        all_day = until is not None and len(str(self.kwargs.get("end_date"))) == len("2027-12-31")
        end = until.date() if until and all_day else until
        except_on = self.exclusions.days if self.exclusions else []
        return sentences.whole(
            self.sentence(), start=self.told_start(), end=end, except_on=except_on, jitter=self.jitter
        )

    @abstractmethod
    def sentence(self) -> str:
        """Return the sentence without start, end and random delay."""

    def told_start(self) -> date | datetime | None:
        """Return the start that the sentence has to tell: by default one in the future."""
        return self.start.astimezone(self.zone) if self.start and self.start > datetime.now(UTC) else None

    def moved_by_gap(self, due: datetime) -> bool:
        """Tell whether that (undelayed) due time stands for a local time that the clocks skip."""
        return False

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Return the next due time: APScheduler's interface."""
        return self.next_after(previous_fire_time) if previous_fire_time else self.first(now)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.kwargs} {self.time_zone}>"


class PatternTrigger(Trigger):
    """A trigger whose due times are a pattern of local times."""

    pattern: Pattern

    def series_after(self, after: datetime) -> datetime | None:
        find = next_in_real_time if self.pattern.real_time else next_fixed
        return find(self.pattern.next_wall, self.zone, after)

    def moved_by_gap(self, due: datetime) -> bool:
        wall = due.astimezone(self.zone).replace(tzinfo=None, fold=0)
        return not self.pattern.real_time and not self.pattern.matches(wall)
