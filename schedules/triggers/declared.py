"""Triggers as code declares them, in APScheduler's words, to JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from apscheduler.triggers import calendarinterval, combining, cron, interval
from apscheduler.triggers import date as once


def from_field_kwargs(trigger: Any, **kwargs: Any) -> tuple[str, dict[str, Any]]:
    """Return kind and JSON of a trigger that code declares: by name, with dates and zones as objects or texts, or as
    one of APScheduler's trigger objects. What is wrong with it comes out when it is parsed.

    An anchor that nobody gave is left out, so that the same declaration gives the same JSON at every start.
    """
    if isinstance(trigger, str):
        return trigger, {name: _json(value) for name, value in kwargs.items() if value is not None}
    for kind, (known, read) in _OBJECTS.items():
        if isinstance(trigger, known):
            given = {**read(trigger), "end_date": getattr(trigger, "end_date", None)}
            given |= {"jitter": getattr(trigger, "jitter", None), "timezone": getattr(trigger, "timezone", None)}
            return kind, {name: _json(value) for name, value in given.items() if value is not None}
    raise TypeError(f"{trigger!r} is neither a trigger's name nor a trigger of APScheduler 3.")


def _cron(trigger: cron.CronTrigger) -> Mapping[str, Any]:
    fields = {field.name: str(field) for field in trigger.fields if not field.is_default}
    return {**fields, "start_date": trigger.start_date}


def _interval(trigger: interval.IntervalTrigger) -> Mapping[str, Any]:
    # APScheduler sets a start that nobody gave to the time of the import, which has microseconds.
    given = None if trigger.start_date.microsecond else trigger.start_date
    units: dict[str, Any] = {"days": trigger.interval.days or None, "start_date": given}
    for unit, length in (("hours", 3600), ("minutes", 60), ("seconds", 1)):
        units[unit] = trigger.interval.seconds % (length * 60 if length < 3600 else 86_400) // length or None
    return units


def _calendar_interval(trigger: calendarinterval.CalendarIntervalTrigger) -> Mapping[str, Any]:
    units = {unit: getattr(trigger, unit) or None for unit in ("years", "months", "weeks", "days")}
    at = trigger._time
    given = None if trigger.start_date == date.today() else trigger.start_date  # noqa: DTZ011 - its own default
    return {**units, "hour": at.hour, "minute": at.minute, "second": at.second, "start_date": given}


def _date(trigger: once.DateTrigger) -> Mapping[str, Any]:
    return {"run_date": trigger.run_date}


def _legs(trigger: combining.BaseCombiningTrigger) -> Mapping[str, Any]:
    return {"triggers": list(trigger.triggers)}


_OBJECTS: dict[str, tuple[type, Callable[[Any], Mapping[str, Any]]]] = {
    "cron": (cron.CronTrigger, _cron),
    "interval": (interval.IntervalTrigger, _interval),
    "calendarinterval": (calendarinterval.CalendarIntervalTrigger, _calendar_interval),
    "date": (once.DateTrigger, _date),
    "and": (combining.AndTrigger, _legs),
    "or": (combining.OrTrigger, _legs),
}


def _json(value: Any) -> Any:
    """Return a JSON value for what code may give."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _json(item) for name, item in value.items()}
    if isinstance(value, tzinfo):
        named = getattr(value, "key", None) or getattr(value, "zone", None)
        return named or ("UTC" if value.utcoffset(None) == timedelta() else str(value))
    if isinstance(value, tuple(known for known, _read in _OBJECTS.values())):
        kind, kwargs = from_field_kwargs(value)
        return {"trigger": kind, "trigger_kwargs": kwargs}
    return value
