"""Intervals from an anchor: weeks and days count local days, hours, minutes and seconds count elapsed time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from schedules.triggers import sentences
from schedules.triggers.arguments import Reader
from schedules.triggers.base import PatternTrigger, Trigger
from schedules.triggers.dst import resolve
from schedules.triggers.patterns import Pattern, TimesOfDay

UNITS = {"weeks": 604_800, "days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}
LONGEST = 100 * 366 * 86_400
MICROSECOND = timedelta(microseconds=1)


class Interval(Trigger):
    """What the three kinds of intervals share."""

    kind = "interval"

    def __init__(self, units: dict[str, int], anchor: datetime, wall: datetime, *args: Any, **common: Any) -> None:
        """`wall` is the local time of the anchor as it was meant, which the clocks may skip."""
        super().__init__(*args, **common)
        self.units = units
        self.anchor = anchor.astimezone(UTC)
        self.wall = wall

    def sentence(self) -> str:
        return sentences.interval(self.units, self.wall)

    def told_start(self) -> date | datetime | None:
        by_days = self.units.keys() <= {"weeks", "days"}
        if self.anchor > datetime.now(UTC) + timedelta(**self.units) or (by_days and sentences.tells_start(self.units)):
            return self.wall.date() if by_days else self.wall
        return None


class ElapsedInterval(Interval):
    """Due at the anchor and every `every` of elapsed time after it."""

    def __init__(self, *args: Any, **common: Any) -> None:
        super().__init__(*args, **common)
        self.every = timedelta(**self.units)

    def series_after(self, after: datetime) -> datetime | None:
        if after < self.anchor:
            return self.anchor
        try:
            return self.anchor + ((after - self.anchor) // self.every + 1) * self.every
        except OverflowError:
            return None


class DailyInterval(Interval, PatternTrigger):
    """Due at the anchor and every so many local days after it, at the same local time."""

    def __init__(self, *args: Any, **common: Any) -> None:
        super().__init__(*args, **common)
        wall = self.wall
        times = TimesOfDay((wall.hour,), (wall.minute,), (wall.second,), wall.microsecond)
        self.pattern = Pattern(times, (EveryDays(wall.date(), local_days(self.units)),), search_days=200 * 366)

    def series_after(self, after: datetime) -> datetime | None:
        return self.anchor if after < self.anchor else super().series_after(after)


class MixedInterval(Interval):
    """Days and shorter units together: n times the days from the anchor's local time, then n times the rest."""

    def __init__(self, *args: Any, **common: Any) -> None:
        super().__init__(*args, **common)
        self.days = timedelta(days=local_days(self.units))
        self.rest = elapsed(self.units)

    def series_after(self, after: datetime) -> datetime | None:
        if after < self.anchor:
            return self.anchor
        try:
            times = max(0, (after - self.anchor - timedelta(days=2)) // (self.days + self.rest))
            while (due := self._due(times)) <= after:
                times += 1
        except OverflowError:
            return None
        return due

    def _due(self, times: int) -> datetime:
        return resolve(self.wall + times * self.days, self.zone) + times * self.rest


class EveryDays:
    """Every so many days from one day on."""

    def __init__(self, first: date, every: int) -> None:
        self._first, self._every = first, every

    def next_day(self, day: date, last: date) -> date | None:
        if day <= self._first:
            return self._first
        try:
            return day + timedelta(days=(self._first - day).days % self._every)
        except OverflowError:
            return None


def local_days(units: dict[str, int]) -> int:
    return units.get("weeks", 0) * 7 + units.get("days", 0)


def elapsed(units: dict[str, int]) -> timedelta:
    """Return what the units count in elapsed time: all but weeks and days."""
    return timedelta(**{unit: count for unit, count in units.items() if unit not in {"weeks", "days"}})


def build(units: dict[str, int], anchor: datetime, wall: datetime, *args: Any, **common: Any) -> Trigger:
    """Return the interval trigger for these units."""
    if not local_days(units):
        return ElapsedInterval(units, anchor, wall, *args, **common)
    return (MixedInterval if elapsed(units) else DailyInterval)(units, anchor, wall, *args, **common)


def read(reader: Reader) -> dict[str, int]:
    """Return the units that are not zero. Refuses an interval that is not longer than zero."""
    units: dict[str, int] = {}
    given = [unit for unit in UNITS if reader.has(unit)]
    for unit, length in UNITS.items():
        if count := reader.integer(unit, 0, LONGEST // length):
            units[unit] = count
    if not units and not reader.errors:
        for unit in given or ["minutes"]:
            reader.error(unit, _("The interval has to be longer than zero."))
    return units
