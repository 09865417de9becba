"""Cron triggers in words: the times of day, then the days."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from cronsim import CronSim
from cronsim.explain import Expression
from django.utils.translation import gettext as _

from schedules.triggers.patterns import TimesOfDay
from schedules.triggers.sentences import words
from schedules.triggers.sentences.times import times_of_day

_EVERY_MONTH = frozenset(range(1, 13))
_MOST_DAYS = 8
_POSITIONS = {"1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5, "last": -1}
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Items = AbstractSet[int | tuple[int, int]]


def cron(cron: CronSim, times: TimesOfDay) -> str:
    """Return a crontab expression in words: ours, or cronsim's (English) for rare times or days."""
    by_clock = times_of_day(times)
    days = _days(cron)
    theirs = Expression(list(cron.parts))
    by_clock = theirs.translate_time() if by_clock is None else by_clock
    return _sentence(*by_clock, *(days or (theirs.translate_date(allow_every_day=False), "")))


def cron_fields(
    text: Mapping[str, str], times: TimesOfDay, months: Items, weekdays: Items, days_of_month: Items
) -> str | None:
    """Return APScheduler's fields in words, or None for rare ones. Day of month and weekday must both match."""
    by_clock = times_of_day(times)
    days = _field_days(text["day"], months, weekdays, days_of_month)
    if by_clock is None or days is None:
        return None
    day, suffix = days
    if text["week"] != "*":
        suffix += " " + _("in ISO week %(week)s") % {"week": text["week"]}
    if text["year"] != "*":
        suffix += " " + _("in %(year)s") % {"year": text["year"]}
    return _sentence(*by_clock, day, suffix.strip())


def _sentence(times: str, at_clock_times: bool, days: str, suffix: str) -> str:
    if at_clock_times and not days:
        days = _("every day")
        if not suffix:
            return words.capital(f"{days} {times}")
    return words.capital(" ".join(part for part in (times, days, suffix) if part))


def _days(cron: CronSim) -> tuple[str, str] | None:
    """Return the days that the expression allows and its months, in words; None where words fail."""
    every_day = len(cron.days & set(range(1, 32))) == 31
    every_weekday = {number % 7 for number in cron.weekdays if isinstance(number, int)} == set(range(7))
    months = cron.months
    if cron.day_and and not every_day and not every_weekday:
        return None
    if (every_day and every_weekday) or (not cron.day_and and (every_day or every_weekday)):
        return "", _in_months(months)
    if every_weekday:
        return _days_of_month(cron.days, months)
    by_weekday = _weekdays(cron.weekdays)
    if by_weekday is None:
        return None
    if every_day:
        return by_weekday, _in_months(months)
    if by_day := _days_of_month(cron.days, _EVERY_MONTH):
        either = _("%(days)s and also %(weekdays)s") % {"days": by_day[0], "weekdays": by_weekday}
        return either, _in_months(months)
    return None


def _field_days(day: str, months: Items, weekdays: Items, days_of_month: Items) -> tuple[str, str] | None:
    by_weekday = "" if len(weekdays) == 7 else words.weekdays(_plain(weekdays))
    if len(days_of_month) == 31:
        return by_weekday and _("on %(weekdays)s") % {"weekdays": by_weekday}, _in_months(months)
    if position := re.fullmatch(r"(\w+) (\w+)", day):
        nth, name = _POSITIONS[position[1]], words.weekday(_WEEKDAYS.index(position[2]))
        by_day: tuple[str, str] | None = (_nth(nth, name), _in_months(months))
    elif days_of_month:
        by_day = _days_of_month(days_of_month, months)
    else:
        by_day = _days_of_month({CronSim.LAST}, months) if day == "last" else None
    if by_day is None or not by_weekday:
        return by_day
    return _("%(days)s if it is a %(weekdays)s") % {"days": by_day[0], "weekdays": by_weekday}, by_day[1]


def _days_of_month(days: Items, months: Items) -> tuple[str, str] | None:
    of_months = {"months": words.months(_plain(months))}
    every_month = months == _EVERY_MONTH
    if days == {CronSim.LAST}:
        return (
            _("on the last day of the month") if every_month else _("on the last day of %(months)s") % of_months
        ), ""
    if days == {CronSim.LAST_WEEKDAY}:
        if every_month:
            return _("on the last weekday (Monday to Friday) of the month"), ""
        return _("on the last weekday (Monday to Friday) of %(months)s") % of_months, ""
    plain = _plain(days)
    if min(plain) < 1 or len(words.runs(plain)) > _MOST_DAYS:
        return None
    if len(plain) == 1 and len(months) == 1:
        return _("on %(day)d %(month)s") % {"day": min(plain), "month": of_months["months"]}, ""
    values = {"days": words.ordinals(plain), **of_months}
    if every_month:
        return _("on the %(days)s of the month") % values, ""
    return _("on the %(days)s of %(months)s") % values, ""


def _weekdays(items: Items) -> str | None:
    """Return the weekdays of an expression (Sunday is 0 and 7), or some of them counted within the month."""
    counted = sorted(item for item in items if isinstance(item, tuple))
    if counted and len(counted) < len(items):
        return None
    if counted:
        return words.listed(
            [_nth(-1 if nth == CronSim.LAST else nth, words.weekday((number - 1) % 7)) for number, nth in counted]
        )
    return _("on %(weekdays)s") % {"weekdays": words.weekdays({(number - 1) % 7 for number in _plain(items)})}


def _nth(nth: int, weekday: str) -> str:
    return _("on the %(nth)s %(weekday)s of the month") % {"nth": words.NTH[nth](), "weekday": weekday}


def _in_months(months: Items) -> str:
    return "" if months == _EVERY_MONTH else _("in %(months)s") % {"months": words.months(_plain(months))}


def _plain(items: Items) -> set[int]:
    return {item for item in items if isinstance(item, int)}
