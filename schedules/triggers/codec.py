"""JSON to trigger and back. `parse` takes what people give, `load` what the database holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from schedules.triggers import calendarinterval, cron, interval
from schedules.triggers import date as once
from schedules.triggers.base import VERSION, Trigger
from schedules.triggers.calendarinterval import CalendarIntervalTrigger
from schedules.triggers.combining import HORIZON, AndTrigger, OrTrigger
from schedules.triggers.cron import CronTrigger
from schedules.triggers.date import DateTrigger
from schedules.triggers.dst import LAST_YEAR, TICK, resolve, wall_time
from schedules.triggers.errors import SearchLimitReached, TriggerError
from schedules.triggers.reading import MAX_JITTER, Reader, as_json, last_moment

KINDS = ("interval", "cron", "date", "calendarinterval", "and", "or")
DEEPEST = 4
MOST_LEGS = 20
_MOST_STORED = 100_000


@dataclass
class _Context:
    """What one call of `parse` or `load` shares with its legs."""

    now: datetime
    salt: str
    strict: bool
    legs: int = 0


def parse(
    kind: str, kwargs: Mapping[str, Any], *, time_zone: str = "UTC", salt: str = "", now: datetime | None = None
) -> Trigger:
    """Return the trigger that somebody asks for. Raises `TriggerError`, also for what would never be due.

    `salt` (a schedule's id) makes the random delays of two schedules differ. Give `Trigger.kwargs` to the database:
    they hold the anchors.
    """
    context = _Context(now or datetime.now(UTC), salt, strict=True)
    return _build(kind, kwargs, time_zone, "", 0, context)


def load(
    kind: str, kwargs: Mapping[str, Any], *, version: int = VERSION, time_zone: str = "UTC", salt: str = ""
) -> Trigger:
    """Return a trigger that the database holds, even if it is over. Raises `TriggerError` when it is unreadable."""
    if version != VERSION:
        sentence = _("This trigger has version %(version)s; this program reads version %(known)d.")
        raise TriggerError({"trigger": [sentence % {"version": version, "known": VERSION}]})
    return _build(kind, kwargs, time_zone, "", 0, _Context(datetime.now(UTC), salt, strict=False))


def from_field_kwargs(trigger: str, **kwargs: Any) -> tuple[str, dict[str, Any]]:
    """Return kind and JSON for a trigger as code declares it: APScheduler's names, with date and zone objects."""
    return trigger, {name: _plain(value) for name, value in kwargs.items() if value is not None}


def _build(kind: object, kwargs: object, time_zone: str, path: str, depth: int, context: _Context) -> Trigger:
    if kind not in KINDS:
        sentence = _("There is no such trigger. Known are: %(known)s.") % {"known": ", ".join(KINDS)}
        raise TriggerError({path + "trigger": [sentence]})
    reader = Reader(kwargs, path, time_zone)
    jitter = reader.integer("jitter", 0, MAX_JITTER) or 0
    end = reader.moment("end_date")
    if kind in {"and", "or"}:
        return _combined(str(kind), reader, jitter, end, depth, context)
    common: dict[str, Any] = {"jitter": jitter, "salt": context.salt, "end": last_moment(end, reader.zone)}
    tail = _tail(reader, jitter, end)
    if kind == "date":
        run_date, normal = once.read(reader)
        reader.finish()
        assert run_date is not None
        return DateTrigger(run_date, normal | tail, reader.zone, **common)
    if kind == "calendarinterval":
        first_day, normal = calendarinterval.read(reader, context.now)
        common["start"] = _start(reader, end)
        reader.finish()
        return CalendarIntervalTrigger(first_day, normal | tail, reader.zone, **common)
    start = common["start"] = _start(reader, end)
    if kind == "interval":
        units = interval.read(reader)
        reader.finish()
        anchor = start or _first_anchor(units, reader, context)
        normal = units | {"start_date": as_json(anchor)} | tail
        return interval.build(units, anchor, normal, reader.zone, **(common | {"start": anchor}))
    normal = cron.read(reader)
    reader.finish()
    if start:
        normal["start_date"] = as_json(start)
    trigger = CronTrigger(normal | tail, reader.zone, **common)
    if (
        context.strict
        and trigger.pattern.next_wall(wall_time(max(context.now, start or context.now), reader.zone)) is None
    ):
        raise TriggerError({path + _main_field(normal): [_("This is never due: no day that matches comes any more.")]})
    return trigger


def _combined(
    kind: str, reader: Reader, jitter: int, end: date | datetime | None, depth: int, context: _Context
) -> Trigger:
    start = _start(reader, end)
    legs: list[Trigger] = []
    given = reader.raw("triggers")
    if not isinstance(given, list) or not given:
        reader.error("triggers", _("Give a list of triggers."))
    elif depth >= DEEPEST:
        reader.error("triggers", _("Triggers are nested too deep."))
    else:
        for number, leg in enumerate(given):
            context.legs += 1
            if context.legs > MOST_LEGS:
                reader.error("triggers", _("These are more than %(most)d triggers.") % {"most": MOST_LEGS})
                break
            try:
                legs.append(_leg(kind, leg, f"{reader.path}triggers.{number}", reader.zone.key, depth, context))
            except TriggerError as error:
                reader.errors |= error.errors
    reader.finish()
    normal: dict[str, Any] = {"triggers": [{"trigger": leg.kind, "trigger_kwargs": leg.kwargs} for leg in legs]}
    if start:
        normal["start_date"] = as_json(start)
    common: dict[str, Any] = {
        "jitter": jitter,
        "salt": context.salt,
        "start": start,
        "end": last_moment(end, reader.zone),
    }
    normal |= _tail(reader, jitter, end)
    if kind == "or":
        return OrTrigger(legs, normal, reader.zone, **common)
    both = AndTrigger(legs, normal, reader.zone, **common)
    if context.strict:
        _refuse_what_never_meets(both, reader.path, context.now)
    return both


def _leg(kind: str, leg: object, path: str, time_zone: str, depth: int, context: _Context) -> Trigger:
    if not isinstance(leg, Mapping) or not leg.keys() <= {"trigger", "trigger_kwargs"} or "trigger" not in leg:
        raise TriggerError({path: [_("Give an object with “trigger” and “trigger_kwargs”.")]})
    if kind == "and" and isinstance(leg.get("trigger_kwargs"), Mapping) and leg["trigger_kwargs"].get("jitter"):
        raise TriggerError({f"{path}.jitter": [_("Legs delayed at random never meet. Delay the whole instead.")]})
    return _build(leg["trigger"], leg.get("trigger_kwargs", {}), time_zone, f"{path}.", depth + 1, context)


def _refuse_what_never_meets(trigger: AndTrigger, path: str, now: datetime) -> None:
    now = max(now, trigger.start or now)
    if _meets(trigger, now):
        return
    for number, leg in enumerate(trigger.legs):
        for earlier in range(number):
            pair = AndTrigger([trigger.legs[earlier], leg], {}, trigger.zone, start=trigger.start, end=trigger.end)
            if not _meets(pair, now):
                sentence = _("Leg %(leg)d never meets leg %(other)d (looked five years ahead).")
                numbers = {"leg": number + 1, "other": earlier + 1}
                raise TriggerError({f"{path}triggers.{number}": [sentence % numbers]})
    raise TriggerError({f"{path}triggers": [_("All legs together never meet (looked five years ahead).")]})


def _meets(trigger: AndTrigger, now: datetime) -> bool:
    try:
        due = trigger.undelayed_after(now - TICK)
    except SearchLimitReached:
        return False
    return due is not None and due <= now + HORIZON


def _start(reader: Reader, end: date | datetime | None) -> datetime | None:
    start = reader.instant("start_date")
    last = last_moment(end, reader.zone)
    if start and last and start > last:
        reader.error("end_date", _("The end comes before the start."))
    return start


def _tail(reader: Reader, jitter: int, end: date | datetime | None) -> dict[str, Any]:
    """Return the normalised arguments that every kind has."""
    tail: dict[str, Any] = {}
    if end:
        tail["end_date"] = as_json(end)
    if jitter:
        tail["jitter"] = jitter
    if reader.has("timezone"):
        tail["timezone"] = reader.zone.key
    return tail


def _first_anchor(units: dict[str, int], reader: Reader, context: _Context) -> datetime:
    """Return now and one interval, in whole seconds."""
    now = context.now.replace(microsecond=0)
    days = timedelta(days=interval.local_days(units))
    rest = timedelta(**{unit: count for unit, count in units.items() if unit not in {"weeks", "days"}})
    start = resolve(wall_time(now, reader.zone) + days, reader.zone) if days else now
    return (start + rest).astimezone(reader.zone)


def _main_field(kwargs: Mapping[str, Any]) -> str:
    return next(iter(kwargs))


def _plain(value: Any) -> Any:
    """Return a JSON value for what code may give."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    key = getattr(value, "key", None) or getattr(value, "zone", None)
    return key if isinstance(key, str) else value


__all__ = ["LAST_YEAR", "from_field_kwargs", "load", "parse"]
