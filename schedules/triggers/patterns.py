"""Local times at which something is due: a set of times of day, on the days that all of some rules allow.

Cron in both forms, calendar intervals and intervals of days are patterns, and so is what several of them have in
common: that is how `and` finds out at once that 03:00 never meets 04:00.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol

from schedules.triggers.dst import LAST_YEAR

DAY = timedelta(days=1)
LAST_DAY = date(LAST_YEAR, 12, 30)  # its last moment is in the same year in every zone
SEARCH_DAYS = 50 * 366  # 29 February on a Sunday comes every 28 years, across 2100 only after 40


class DayRule(Protocol):
    """Allows some days."""

    def next_day(self, day: date, last: date) -> date | None:
        """Return the first allowed day on or after `day`, or None where there is none up to `last`."""


@dataclass(frozen=True, slots=True)
class TimesOfDay:
    """Every combination of these hours, minutes and seconds (each sorted, none empty)."""

    hours: tuple[int, ...]
    minutes: tuple[int, ...]
    seconds: tuple[int, ...] = (0,)
    microsecond: int = 0

    def first(self) -> time:
        return time(self.hours[0], self.minutes[0], self.seconds[0], self.microsecond)

    def after(self, moment: time) -> time | None:
        """Return the first of them later than `moment`, or None."""
        hour, minute = moment.hour, moment.minute
        if hour in self.hours:
            if minute in self.minutes:
                seconds = self.seconds
                at = (bisect_left if moment.microsecond < self.microsecond else bisect_right)(seconds, moment.second)
                if at < len(seconds):
                    return time(hour, minute, seconds[at], self.microsecond)
            at = bisect_right(self.minutes, minute)
            if at < len(self.minutes):
                return time(hour, self.minutes[at], self.seconds[0], self.microsecond)
        at = bisect_right(self.hours, hour)
        if at < len(self.hours):
            return time(self.hours[at], self.minutes[0], self.seconds[0], self.microsecond)
        return None

    def __contains__(self, moment: time) -> bool:
        return (
            moment.hour in self.hours
            and moment.minute in self.minutes
            and moment.second in self.seconds
            and moment.microsecond == self.microsecond
        )


@dataclass(frozen=True, slots=True)
class Pattern:
    """Times of day on days. `real_time`: runs hourly or more often, so it follows real time when clocks change."""

    times: TimesOfDay
    rules: tuple[DayRule, ...]
    real_time: bool = False
    search_days: int = SEARCH_DAYS

    def next_wall(self, wall: datetime) -> datetime | None:
        """Return the first local time later than `wall` at which it is due."""
        today = wall.date()
        if today.year > LAST_YEAR:
            return None
        last = LAST_DAY if (LAST_DAY - today).days < self.search_days else today + timedelta(days=self.search_days)
        day = self.next_day(today, last)
        if day == today:
            if later := self.times.after(wall.time()):
                return datetime.combine(today, later)
            day = self.next_day(today + DAY, last)
        return None if day is None else datetime.combine(day, self.times.first())

    def next_day(self, day: date, last: date) -> date | None:
        """Return the first day on or after `day` that all rules allow."""
        agreed = 0
        while agreed < len(self.rules):
            for rule in self.rules:
                allowed = rule.next_day(day, last)
                if allowed is None or allowed > last:
                    return None
                agreed = agreed + 1 if allowed == day else 1
                day = allowed
                if agreed >= len(self.rules):
                    break
        return day

    def matches(self, wall: datetime) -> bool:
        """Tell whether it is due at exactly that local time."""
        return wall.time() in self.times and self.next_day(wall.date(), wall.date()) == wall.date()


def in_common(patterns: Sequence[Pattern]) -> Pattern | None:
    """Return when all of them are due, or None when their times of day never meet."""

    def shared(field: str) -> tuple[int, ...]:
        sets = [set(getattr(pattern.times, field)) for pattern in patterns]
        return tuple(sorted(set.intersection(*sets)))

    hours, minutes, seconds = shared("hours"), shared("minutes"), shared("seconds")
    microseconds = {pattern.times.microsecond for pattern in patterns}
    if not (hours and minutes and seconds) or len(microseconds) > 1:
        return None
    return Pattern(
        TimesOfDay(hours, minutes, seconds, microseconds.pop()),
        tuple(rule for pattern in patterns for rule in pattern.rules),
        real_time=all(pattern.real_time for pattern in patterns),
    )
