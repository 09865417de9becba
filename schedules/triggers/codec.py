"""JSON to trigger and back. `parse` takes what people give, `load` what the database holds."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from schedules.triggers import calendarinterval, cron, exclusions, interval
from schedules.triggers import date as once
from schedules.triggers.arguments import MAX_JITTER, Reader, last_moment
from schedules.triggers.base import VERSION, Trigger
from schedules.triggers.calendarinterval import CalendarIntervalTrigger
from schedules.triggers.combining import AndTrigger, OrTrigger
from schedules.triggers.cron import CronTrigger
from schedules.triggers.date import DateTrigger
from schedules.triggers.dst import resolve, wall_time
from schedules.triggers.errors import SearchLimitReached, TriggerError
from schedules.triggers.limits import cpu_time

KINDS = ("interval", "cron", "date", "calendarinterval", "and", "or")
DEEPEST = 4
MOST_LEGS = 20
MOST_SECONDS = 0.4


@dataclass
class _Call:
    """What one call of `parse` or `load` shares with all legs. `stop_at`: when checks have to stop (CPU time)."""

    now: datetime
    salt: str
    strict: bool
    stop_at: float = 0
    legs: int = 0


@dataclass(frozen=True)
class _Place:
    """Where a trigger stands among others: the path of its fields, its depth, its zone, whether within an `and`."""

    path: str
    time_zone: str
    depth: int = 0
    in_and: bool = False


@dataclass
class _Given:
    """The arguments of one trigger, with what every kind reads from them."""

    reader: Reader
    place: _Place
    call: _Call
    common: dict[str, Any]  # for the trigger itself
    shared: dict[str, Any]  # for its normalised arguments

    def start(self) -> datetime | None:
        """Return the earliest possible due time, where one is given."""
        start = self.reader.instant("start_date")
        last = self.common["end"]
        if self.call.strict and start and last and start > last:
            self.reader.error("end_date", _("The end comes before the start."))
        return start

    def with_start(self, normal: dict[str, Any], start: datetime | None) -> dict[str, Any]:
        """Return normalised arguments with the start among them, where there is one, and with those of every kind."""
        return normal | ({"start_date": self.reader.json(start)} if start else {}) | self.shared


def parse(
    kind: str, kwargs: Mapping[str, Any], *, time_zone: str = "UTC", salt: str = "", now: datetime | None = None
) -> Trigger:
    """Return the trigger that somebody asks for. Raises `TriggerError`, also for what would never be due.

    `salt` (a schedule's id) makes the random delays of two schedules differ. Give `Trigger.kwargs` to the database:
    they hold the anchors.
    """
    now = (now or datetime.now(UTC)).astimezone(UTC)
    with cpu_time(MOST_SECONDS) as stop_at:
        return _read(kind, kwargs, _Place("", time_zone), _Call(now, salt, strict=True, stop_at=stop_at))


def load(
    kind: str, kwargs: Mapping[str, Any], *, version: int = VERSION, time_zone: str = "UTC", salt: str = ""
) -> Trigger:
    """Return a trigger that the database holds, even if it is over. Raises `TriggerError` when it is unreadable."""
    if version != VERSION:
        sentence = _("This trigger has version %(version)s; this program reads version %(known)d.")
        raise TriggerError({"trigger": [sentence % {"version": version, "known": VERSION}]})
    return _read(kind, kwargs, _Place("", time_zone), _Call(datetime.now(UTC), salt, strict=False))


def _read(kind: object, kwargs: object, place: _Place, call: _Call) -> Trigger:
    """Return the trigger of any kind, having checked everything about it."""
    if not isinstance(kind, str) or kind not in KINDS:
        sentence = _("There is no such trigger. Known are: %(known)s.") % {"known": ", ".join(KINDS)}
        raise TriggerError({place.path + "trigger": [sentence]})
    given = _given(Reader(kwargs, place.path, place.time_zone), place, call)
    match kind:
        case "date":
            return _date(given)
        case "calendarinterval":
            return _calendar_interval(given)
        case "interval":
            return _interval(given)
        case "cron":
            return _cron(given)
    return _combined(kind, given)


def _given(reader: Reader, place: _Place, call: _Call) -> _Given:
    """Read the arguments that every kind has."""
    end = reader.moment("end_date")
    jitter = reader.integer("jitter", 0, MAX_JITTER) or 0
    if jitter and place.in_and:
        reader.error("jitter", _("Parts delayed at random never meet. Delay the whole instead."))
    excluded = exclusions.read(reader)
    common: dict[str, Any] = {
        "jitter": jitter,
        "salt": call.salt,
        "end": last_moment(end, reader.zone),
        "exclusions": excluded,
    }
    optional: dict[str, Any] = {
        "end_date": reader.json(end) if end else None,
        "jitter": jitter or None,
        "timezone": reader.zone.key if reader.has("timezone") else None,
        exclusions.NAME: excluded.days if excluded else None,
    }
    shared = {name: value for name, value in optional.items() if value is not None}
    return _Given(reader, place, call, common, shared)


def _date(given: _Given) -> Trigger:
    start = given.start()
    run_date, normal = once.read(given.reader, start, given.common["end"])
    return DateTrigger(run_date, given.with_start(normal, start), given.reader.zone, start=start, **given.common)


def _calendar_interval(given: _Given) -> Trigger:
    reader = given.reader
    first_day, normal = calendarinterval.read(reader, given.call.now)
    start = given.start()
    reader.finish()
    return CalendarIntervalTrigger(first_day, normal | given.shared, reader.zone, start=start, **given.common)


def _interval(given: _Given) -> Trigger:
    reader = given.reader
    units, start = interval.read(reader), given.start()
    reader.finish()
    anchor = start or _anchor(units, given)
    skipped = reader.skipped.get("start_date")
    wall = skipped or wall_time(anchor, reader.zone)
    normal = {**units, "start_date": reader.json(skipped or anchor), **given.shared}
    return interval.build(units, anchor, wall, normal, reader.zone, start=anchor, **given.common)


def _cron(given: _Given) -> Trigger:
    reader, call = given.reader, given.call
    normal, start = cron.read(reader), given.start()
    reader.finish()
    field = next(iter(normal))
    trigger = CronTrigger(given.with_start(normal, start), reader.zone, start=start, **given.common)
    begin = wall_time(max(call.now, start or call.now), reader.zone)
    if call.strict and trigger.pattern.next_wall(begin) is None:
        raise TriggerError({reader.path + field: [_("This is never due: no day that matches comes any more.")]})
    return trigger


def _combined(kind: str, given: _Given) -> Trigger:
    reader, place, call = given.reader, given.place, given.call
    start = given.start()
    inner = replace(place, depth=place.depth + 1, time_zone=reader.zone.key, in_and=place.in_and or kind == "and")
    legs = _legs(reader, inner, call)
    reader.finish()
    triggers = [{"trigger": leg.kind, "trigger_kwargs": leg.kwargs} for leg in legs]
    normal = given.with_start({"triggers": triggers}, start)
    if kind == "or":
        return OrTrigger(legs, normal, reader.zone, start=start, **given.common)
    trigger = AndTrigger(legs, normal, reader.zone, start=start, **given.common)
    if call.strict:
        _refuse_what_never_meets(trigger, reader.path, call)
    return trigger


def _legs(reader: Reader, inner: _Place, call: _Call) -> list[Trigger]:
    """Return the legs that can be read, having noted what is wrong with the others."""
    given = reader.raw("triggers")
    legs: list[Trigger] = []
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        reader.error("triggers", _("Give a list of triggers."))
        return legs
    call.legs += len(given)
    if call.legs > MOST_LEGS:
        reader.error("triggers", _("These are more than %(most)d triggers.") % {"most": MOST_LEGS})
    elif inner.depth > DEEPEST:
        reader.error("triggers", _("Triggers are nested more than %(most)d deep.") % {"most": DEEPEST})
    else:
        for number, leg in enumerate(given):
            path = f"{inner.path}triggers.{number}"
            if not isinstance(leg, Mapping) or not {"trigger"} <= leg.keys() <= {"trigger", "trigger_kwargs"}:
                reader.errors[path] = [_("Give an object with “trigger” and “trigger_kwargs”.")]
                continue
            try:
                kwargs = leg.get("trigger_kwargs", {})
                legs.append(_read(leg["trigger"], kwargs, replace(inner, path=f"{path}."), call))
            except TriggerError as error:
                reader.errors |= error.errors
    return legs


def _refuse_what_never_meets(trigger: AndTrigger, path: str, call: _Call) -> None:
    """Raise `TriggerError`, naming the legs, when they never meet or it takes too long to find out."""
    if time.thread_time() > call.stop_at:
        raise TriggerError({f"{path}triggers": [_("It takes too long to find out whether these ever meet.")]})
    try:
        if trigger.meets(call.now):
            return
        for number, leg in enumerate(trigger.legs):
            for earlier in range(number if time.thread_time() < call.stop_at else 0):
                pair = AndTrigger([trigger.legs[earlier], leg], {}, trigger.zone, start=trigger.start, end=trigger.end)
                if not pair.meets(call.now):
                    sentence = _("Leg %(leg)d never meets leg %(other)d (looked five years ahead).")
                    numbers = {"leg": number + 1, "other": earlier + 1}
                    raise TriggerError({f"{path}triggers.{number}": [sentence % numbers]})
    except SearchLimitReached as reached:
        raise TriggerError({f"{path}triggers": [str(reached)]}) from None
    raise TriggerError({f"{path}triggers": [_("All together never meet (looked five years ahead).")]})


def _anchor(units: dict[str, int], given: _Given) -> datetime:
    """Return the anchor of an interval that has none: now and one interval, in whole seconds.

    Within an `and` it is the last local midnight: counted from any second, an interval would never meet a cron.
    """
    now, zone = given.call.now.replace(microsecond=0), given.reader.zone
    wall = wall_time(now, zone)
    if given.place.in_and:
        return resolve(wall.replace(hour=0, minute=0, second=0), zone)
    days = timedelta(days=interval.local_days(units))
    start = resolve(wall + days, zone) if days else now
    return start + interval.elapsed(units)
