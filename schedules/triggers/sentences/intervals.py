"""Intervals in words: how often, and at what time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from schedules.triggers.sentences import words

_SECONDS = {"hours": 3600, "minutes": 60, "seconds": 1}


def interval(units: Mapping[str, int], anchor: datetime) -> str:
    """Return an interval from its anchor (a local time) in words, the day of the anchor aside."""
    if units.keys() <= {"weeks", "days"}:
        return _at(_every(units), units, anchor.date(), words.clock_of(anchor))
    every = _every(_carried(units))
    if tells_start(units) or units == {"seconds": 1}:
        return every
    minute, second = divmod((anchor.minute * 60 + anchor.second) % _length(units), 60)
    return every if second else _("%(every)s from %(first)s") % {"every": every, "first": words.clock(0, minute)}


def calendar_interval(units: Mapping[str, int], first: date, time: str) -> str:
    """Return a calendar interval in words, the first day aside."""
    return _at(_every(units), units, first, time)


def tells_start(units: Mapping[str, int]) -> bool:
    """Tell whether these units say little without the day and time from which they count."""
    if units.keys() & {"weeks", "days", "months", "years"}:
        return list(units.values()) != [1]
    return _length(units) > 3600 or 3600 % _length(units) != 0


def _at(every: str, units: Mapping[str, int], first: date, time: str) -> str:
    values = {
        "every": every,
        "time": time,
        "day": words.ordinal(first.day),
        "date": words.day_and_month(first),
        "weekday": words.weekday(first.weekday()),
    }
    if units.keys() == {"weeks"}:
        return _("%(every)s on %(weekday)s at %(time)s") % values
    if units.keys() == {"months"}:
        if first.day > 28:
            return _("%(every)s on the %(day)s, in months that have it, at %(time)s") % values
        return _("%(every)s on the %(day)s at %(time)s") % values
    if units.keys() == {"years"}:
        if (first.month, first.day) == (2, 29):
            return _("%(every)s on %(date)s, in leap years, at %(time)s") % values
        return _("%(every)s on %(date)s at %(time)s") % values
    return _("%(every)s at %(time)s") % values


def length(seconds: int) -> str:
    """Return a length of time in words."""
    return words.listed([_counted(unit, n) for unit, n in _carried({"seconds": seconds}).items()])


def _length(units: Mapping[str, int]) -> int:
    return sum(units.get(unit, 0) * seconds for unit, seconds in _SECONDS.items())


def _carried(units: Mapping[str, int]) -> dict[str, int]:
    """Return the units with 90 minutes written as 1 hour and 30 minutes. Days stay: they are not 24 hours here."""
    rest = _length(units)
    carried = {unit: units[unit] for unit in ("weeks", "days") if units.get(unit)}
    for unit, seconds in _SECONDS.items():
        count, rest = divmod(rest, seconds)
        if count:
            carried[unit] = count
    return carried


def _every(units: Mapping[str, int]) -> str:
    if list(units.values()) == [1]:
        return {
            "years": _("Every year"),
            "months": _("Every month"),
            "weeks": _("Every week"),
            "days": _("Every day"),
            "hours": _("Every hour"),
            "minutes": _("Every minute"),
            "seconds": _("Every second"),
        }[next(iter(units))]
    return _("Every %(length)s") % {"length": words.listed([_counted(unit, n) for unit, n in units.items()])}


def _counted(unit: str, n: int) -> str:
    return {
        "years": ngettext("%(n)d year", "%(n)d years", n),
        "months": ngettext("%(n)d month", "%(n)d months", n),
        "weeks": ngettext("%(n)d week", "%(n)d weeks", n),
        "days": ngettext("%(n)d day", "%(n)d days", n),
        "hours": ngettext("%(n)d hour", "%(n)d hours", n),
        "minutes": ngettext("%(n)d minute", "%(n)d minutes", n),
        "seconds": ngettext("%(n)d second", "%(n)d seconds", n),
    }[unit] % {"n": n}
