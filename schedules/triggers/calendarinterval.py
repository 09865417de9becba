"""Years, months, weeks and days by the calendar, always at the same local time.

Years and months are added first, keeping the day of the month; a month without such a day is passed over, as
APScheduler does. Then weeks and days are added.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from schedules.triggers import sentences
from schedules.triggers.arguments import Reader
from schedules.triggers.base import PatternTrigger
from schedules.triggers.dst import LAST_YEAR
from schedules.triggers.interval import EveryDays, local_days
from schedules.triggers.patterns import LAST_DAY, DayRule, Pattern, TimesOfDay

UNITS = {"years": 100, "months": 1200, "weeks": 5200, "days": 36_500}
TIMES = {"hour": 23, "minute": 59, "second": 59}


class CalendarIntervalTrigger(PatternTrigger):
    """Due every so many years, months, weeks or days from `first_day` on."""

    kind = "calendarinterval"

    def __init__(self, first_day: date, kwargs: Mapping[str, Any], zone: ZoneInfo, **common: Any) -> None:
        super().__init__(kwargs, zone, **common)
        self.first_day = first_day
        hour, minute, second = (int(kwargs.get(name, 0)) for name in TIMES)
        times = TimesOfDay((hour,), (minute,), (second,))
        self.pattern = Pattern(times, (day_rule(first_day, kwargs),), search_days=400 * 366)

    def sentence(self) -> str:
        at = self.pattern.times.first()
        return sentences.calendar_interval(
            self._units(), self.first_day, sentences.clock(at.hour, at.minute, at.second)
        )

    def told_start(self) -> date | datetime | None:
        if sentences.tells_start(self._units()) or self.first_day > datetime.now(self.zone).date():
            return self.first_day
        return None

    def _units(self) -> dict[str, int]:
        return {unit: self.kwargs[unit] for unit in UNITS if unit in self.kwargs}


def day_rule(first: date, units: Mapping[str, int]) -> DayRule:
    """Return the rule that allows the days of this interval."""
    months, days = units.get("years", 0) * 12 + units.get("months", 0), local_days(dict(units))
    if not months:
        return EveryDays(first, days)
    return MixedDays(first, months, days) if days else EveryMonths(first, months)


class EveryMonths:
    """The same day of every so many months, where the month has it."""

    def __init__(self, first: date, every: int) -> None:
        self._first, self._every = first, every

    def next_day(self, day: date, last: date) -> date | None:
        first = self._first
        passed = (day.year - first.year) * 12 + day.month - first.month
        month = first.year * 12 + first.month - 1 + max(0, -(-passed // self._every)) * self._every
        while month // 12 <= last.year:
            found = _day_of_month(month, first.day)
            if found and found >= day:
                return found
            month += self._every
        return None


class MixedDays:
    """Months, then days: each day follows from the one before. Kept, so that asking again costs nothing."""

    def __init__(self, first: date, months: int, days: int) -> None:
        self._days = [first]
        self._growing = Lock()
        self._months, self._more = months, timedelta(days=days)

    def next_day(self, day: date, last: date) -> date | None:
        with self._growing:
            while self._days[-1] < day:
                following = self._following(self._days[-1])
                if following is None:
                    return None
                self._days.append(following)
            return self._days[bisect_left(self._days, day)]

    def _following(self, day: date) -> date | None:
        month = day.year * 12 + day.month - 1
        while month // 12 < LAST_YEAR:
            month += self._months
            if found := _day_of_month(month, day.day):
                return found + self._more if found < LAST_DAY - self._more else None
        return None


def read(reader: Reader, now: datetime) -> tuple[date, dict[str, Any]]:
    """Return the first day and the normalised arguments, its anchor `start_date` included."""
    kwargs: dict[str, Any] = {}
    for unit, most in UNITS.items():
        if count := reader.integer(unit, 0, most):
            kwargs[unit] = count
    if not kwargs and not reader.errors:
        for unit in [unit for unit in UNITS if reader.has(unit)] or ["days"]:
            reader.error(unit, _("The interval has to be at least one day long."))
    for name, most in TIMES.items():
        if (value := reader.integer(name, 0, most)) is not None:
            kwargs[name] = value
    start = reader.moment("start_date") or now.astimezone(reader.zone).date()
    if start.year > LAST_YEAR:
        reader.error("start_date", _("Give an earlier year."))
    kwargs["start_date"] = reader.json(start)
    return (start.astimezone(reader.zone).date() if isinstance(start, datetime) else start), kwargs


def _day_of_month(month: int, day: int) -> date | None:
    try:
        return date(month // 12, month % 12 + 1, day)
    except ValueError:
        return None


__all__ = ["CalendarIntervalTrigger", "read"]
