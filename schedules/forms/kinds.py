"""The seven ways in which the form asks "how often", and the trigger that each of them means.

Daily, weekly and monthly are cron expressions in disguise: they fire exactly as the expression in the preview says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import TextChoices
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import time

    from django_stubs_ext import StrOrPromise

Trigger = tuple[str, dict[str, Any]]


class Kind(TextChoices):
    """The segments of the control "How often"."""

    EVERY = "every", _("Every…")
    DAILY = "daily", _("Daily")
    WEEKLY = "weekly", _("Weekly")
    MONTHLY = "monthly", _("Monthly")
    ONCE = "once", pgettext_lazy("how often", "Once")
    CRON = "cron", _("Cron")
    COMBINE = "combine", _("Combine")


class Unit(TextChoices):
    """What an interval is counted in. Months and years follow the calendar; days and weeks count local days."""

    SECONDS = "seconds", _("seconds")
    MINUTES = "minutes", _("minutes")
    HOURS = "hours", _("hours")
    DAYS = "days", _("days")
    WEEKS = "weeks", _("weeks")
    MONTHS = "months", _("months")
    YEARS = "years", _("years")


CALENDAR_UNITS = (Unit.MONTHS, Unit.YEARS)
CRON_FIELDS = ("year", "month", "day", "week", "day_of_week", "hour", "minute", "second")

WEEKDAYS = [
    ("1", _("Monday")),
    ("2", _("Tuesday")),
    ("3", _("Wednesday")),
    ("4", _("Thursday")),
    ("5", _("Friday")),
    ("6", _("Saturday")),
    ("0", _("Sunday")),
]
_ORDINALS = [
    ("#1", _("First")),
    ("#2", _("Second")),
    ("#3", _("Third")),
    ("#4", _("Fourth")),
    ("L", _("Last")),
]
MONTH_DAYS: list[tuple[StrOrPromise, list[tuple[str, StrOrPromise]]]] = [
    (_("Day of the month"), [*((str(day), str(day)) for day in range(1, 32)), ("L", _("Last day"))]),
    *(
        (ordinal, [(f"{day}{suffix}", format_lazy("{} {}", ordinal, name)) for day, name in WEEKDAYS])
        for suffix, ordinal in _ORDINALS
    ),
]

# Which fields belong to which kind. Start, end, days off and jitter do not apply to a single date.
WINDOW = ("start_date", "end_date", "except_dates", "jitter")
GROUPS: dict[str, tuple[str, ...]] = {
    Kind.EVERY: ("every", "unit", "every_time", *WINDOW),
    Kind.DAILY: ("daily_time", *WINDOW),
    Kind.WEEKLY: ("weekdays", "weekly_time", *WINDOW),
    Kind.MONTHLY: ("month_day", "monthly_time", *WINDOW),
    Kind.ONCE: ("run_date",),
    Kind.CRON: ("expression", *(f"cron_{field}" for field in CRON_FIELDS), *WINDOW),
    Kind.COMBINE: ("combine_mode", "combine_json", *WINDOW),
}


def every(values: Mapping[str, Any]) -> Trigger:
    unit = values["unit"]
    kwargs: dict[str, Any] = {unit: values["every"]}
    if unit not in CALENDAR_UNITS:
        return "interval", kwargs
    at: time | None = values.get("every_time")
    return "calendarinterval", {**kwargs, "hour": at.hour if at else 0, "minute": at.minute if at else 0}


def daily(values: Mapping[str, Any]) -> Trigger:
    return _cron(values["daily_time"], "*", "*")


def weekly(values: Mapping[str, Any]) -> Trigger:
    return _cron(values["weekly_time"], "*", ",".join(values["weekdays"]))


def monthly(values: Mapping[str, Any]) -> Trigger:
    day: str = values["month_day"]
    by_weekday = "#" in day or (day.endswith("L") and day != "L")
    return _cron(values["monthly_time"], "*" if by_weekday else day, day if by_weekday else "*")


def once(values: Mapping[str, Any]) -> Trigger:
    return "date", {"run_date": values["run_date"].isoformat()}


def cron(values: Mapping[str, Any]) -> Trigger:
    if values.get("expression"):
        return "cron", {"expression": values["expression"]}
    return "cron", {field: values[f"cron_{field}"] for field in CRON_FIELDS if values.get(f"cron_{field}")}


TRIGGER_OF = {
    Kind.EVERY: every,
    Kind.DAILY: daily,
    Kind.WEEKLY: weekly,
    Kind.MONTHLY: monthly,
    Kind.ONCE: once,
    Kind.CRON: cron,
}


def _cron(at: time, day: str, weekday: str) -> Trigger:
    return "cron", {"expression": f"{at.minute} {at.hour} {day} * {weekday}"}
