"""Cron by APScheduler's fields: `hour=1` means 01:00:00, since fields after the last one given start at their least.

Its own rules hold here, not crontab's: weekdays count from Monday = 0, `day` and `day_of_week` must both match, `day`
knows `last` and `2nd fri`, and there are `year` and ISO `week`. APScheduler reads the fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from apscheduler.triggers.cron import CronTrigger as Fields
from apscheduler.triggers.cron.fields import MAX_VALUES, MIN_VALUES, BaseField
from django.utils.translation import gettext as _

from schedules.triggers import sentences
from schedules.triggers.arguments import Reader
from schedules.triggers.patterns import SEARCH_DAYS, Pattern, TimesOfDay

NAMES: tuple[str, ...] = Fields.FIELD_NAMES
LONGEST = 100
EVERY_WEEK = 53
# APScheduler itself would ignore what follows a name, such as the /2 of mon-fri/2.
_TERM = re.compile(r"(\*|\d+(-\d+)?)(/\d+)?|[a-z]{3}(-[a-z]{3})?|last|(1st|2nd|3rd|4th|5th|last) +[a-z]{3}", re.ASCII)
_MOST_STEPS = 40_000
_ALL_YEARS = 9999 * 366


def read(reader: Reader) -> dict[str, int | str]:
    """Return the fields given, each checked by itself."""
    fields: dict[str, int | str] = {}
    for name in NAMES:
        value = reader.raw(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | str):
            reader.error(name, _("Give a number or a text such as */5 or 1-5."))
        elif isinstance(value, int) and not MIN_VALUES[name] <= value <= MAX_VALUES[name]:
            reader.error(name, _("Give a number from %(low)s to %(high)s.") % _range(name))
        elif isinstance(value, str) and len(value) > LONGEST:
            reader.error(name, _("This is longer than %(longest)d characters.") % {"longest": LONGEST})
        elif sentence := _error(name, value):
            reader.error(name, sentence)
        else:
            fields[name] = value.strip() if isinstance(value, str) else value
    return fields


def only_fields(kwargs: Mapping[str, Any]) -> tuple[tuple[str, int | str], ...]:
    """Return the fields among the arguments, in APScheduler's order."""
    return tuple((name, kwargs[name]) for name in NAMES if name in kwargs)


def sentence(fields: tuple[tuple[str, int | str], ...]) -> str:
    """Return the fields in words."""
    texts = {field.name: str(field) for field in _read(fields)}
    pattern = from_fields(fields)
    days = FieldDays({field.name: field for field in _read(fields)})
    given = ", ".join(f"{name} {value}" for name, value in fields)
    return sentences.cron_fields(texts, pattern.times, days.months, days.weekdays, days.days) or (
        _("Whenever all of these match: %(fields)s") % {"fields": given}
    )


@lru_cache(maxsize=2048)
def from_fields(fields: tuple[tuple[str, int | str], ...]) -> Pattern:
    """Return the pattern of these fields. Raises `ValueError` where APScheduler cannot read them."""
    by_name = {field.name: field for field in _read(fields)}
    hours, minutes, seconds = (_values(by_name[name]) for name in ("hour", "minute", "second"))
    return Pattern(
        TimesOfDay(hours, minutes, seconds),
        (FieldDays(by_name),),
        search_days=SEARCH_DAYS if str(by_name["year"]) == "*" else _ALL_YEARS,
        real_time=str(by_name["minute"]).startswith("*") or str(by_name["hour"]).startswith("*"),
    )


class FieldDays:
    """The days that year, month, day, week and day_of_week allow together."""

    def __init__(self, fields: Mapping[str, BaseField]) -> None:
        self._year, self._day = fields["year"], fields["day"]
        self.months = {month for month in range(1, 13) if _allows(fields["month"], date(2000, month, 1))}
        self.weekdays = {day.weekday() for day in _A_WEEK if _allows(fields["day_of_week"], day)}
        self.weeks = {week for week in range(1, 54) if _allows(fields["week"], _Week(week))}
        # By number; none where `day` counts weekdays or says `last`, so that it depends on the month.
        numbers = range(0) if re.search("[a-z]", str(self._day)) else range(1, 32)
        self.days = {day for day in numbers if _allows(self._day, date(2000, 1, day))}

    def next_day(self, day: date, last: date) -> date | None:
        for _step in range(_MOST_STEPS):
            if day > last:
                return None
            if not _allows(self._year, day):
                day = date(day.year + 1, 1, 1)
            elif day.month not in self.months:
                day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
            elif len(self.weeks) < EVERY_WEEK and day.isocalendar().week not in self.weeks:
                day += timedelta(days=7 - day.weekday())
            elif day.weekday() in self.weekdays and self._allows_day(day):
                return day
            else:
                day += timedelta(days=1)
        return None

    def _allows_day(self, day: date) -> bool:
        return day.day in self.days if self.days else _allows(self._day, day)


_A_WEEK = [date(2024, 1, day) for day in range(1, 8)]


class _Week:
    """Stands for a day where APScheduler's field asks for its ISO week."""

    def __init__(self, week: int) -> None:
        self.week = week

    def isocalendar(self) -> tuple[int, int, int]:
        return 2000, self.week, 1


class _Moment:
    """Stands for a time of day where APScheduler's fields ask for `hour`, `minute` or `second`."""

    def __init__(self, value: int) -> None:
        self.hour = self.minute = self.second = value


def _read(fields: tuple[tuple[str, int | str], ...]) -> list[BaseField]:
    return list(Fields(**dict(fields), timezone="UTC").fields)


def _allows(field: BaseField, moment: Any) -> bool:
    return bool(field.get_next_value(moment) == field.get_value(moment))


def _values(field: BaseField) -> tuple[int, ...]:
    span = range(MIN_VALUES[field.name], MAX_VALUES[field.name] + 1)
    return tuple(value for value in span if _allows(field, _Moment(value)))


def _error(name: str, value: int | str) -> str:
    terms = str(value).strip().lower().split(",")
    try:
        if all(_TERM.fullmatch(term.strip()) for term in terms):
            _read(((name, value),))
            return ""
    except (ValueError, KeyError, TypeError, OverflowError):
        pass
    values = {"value": value, **_range(name)}
    return _("'%(value)s' cannot be read here (%(low)s to %(high)s, or a text such as */5 or 1-5).") % values


def _range(name: str) -> dict[str, int]:
    return {"low": MIN_VALUES[name], "high": MAX_VALUES[name]}
