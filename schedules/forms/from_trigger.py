"""From a stored trigger back to what the form shows: in the simplest of the seven ways that means the same."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from schedules.forms import combine, kinds
from schedules.forms.kinds import CRON_FIELDS, Kind, Unit

_AT_A_TIME = re.compile(r"(?P<minute>\d{1,2}) (?P<hour>\d{1,2}) (?P<day>\S+) \* (?P<weekday>\S+)")
_MONTH_DAYS = {value for _label, group in kinds.MONTH_DAYS for value, _name in group}
_WEEKDAYS = {value for value, _name in kinds.WEEKDAYS}


def timing_values(trigger: str, kwargs: dict[str, Any], time_zone: str) -> dict[str, Any]:
    """Return initial values for `TimingForm`; what none of the simple ways can say comes as JSON."""
    zone = kwargs.get("timezone") or time_zone
    rest = {name: value for name, value in kwargs.items() if name != "timezone" and value not in (None, "")}
    window = {name: rest.pop(name) for name in kinds.WINDOW if name in rest}
    values = _simple(trigger, rest, zone)
    if values is None:
        values = {
            "kind": Kind.COMBINE,
            "combine_mode": combine.Mode.JSON,
            "combine_json": combine.to_json(trigger, rest),
        }
    if "start_date" in window:
        window["start_date"] = local(window["start_date"], zone)
    if "end_date" in window:
        window["end_date"] = local(window["end_date"], zone, day_means="T23:59:59")
    return {**values, **window, "timezone": zone}


def local(value: str, zone: str, *, day_means: str = "T00:00:00") -> str:
    """Return an ISO time as the browser's field wants it: local to `zone`, without an offset, to the second."""
    at = datetime.fromisoformat(value if len(value) > len("2026-11-24") else value + day_means)
    if at.tzinfo is not None:
        at = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return at.replace(microsecond=0).isoformat()


def _simple(trigger: str, kwargs: dict[str, Any], zone: str) -> dict[str, Any] | None:
    match trigger:
        case "interval" | "calendarinterval":
            return _every(trigger, kwargs)
        case "date" if set(kwargs) == {"run_date"}:
            return {"kind": Kind.ONCE, "run_date": local(kwargs["run_date"], zone)}
        case "cron" if set(kwargs) == {"expression"}:
            return _at_a_time(kwargs["expression"]) or {"kind": Kind.CRON, "expression": kwargs["expression"]}
        case "cron" if kwargs.keys() <= set(CRON_FIELDS):
            return {"kind": Kind.CRON, **{f"cron_{name}": str(value) for name, value in kwargs.items()}}
        case "and" | "or" if set(kwargs) == {"triggers"} and len(kwargs["triggers"]) <= combine.MAX_LEGS:
            legs = [_leg(leg["trigger"], leg.get("trigger_kwargs", {}), zone) for leg in kwargs["triggers"]]
            return None if None in legs else {"kind": Kind.COMBINE, "combine_mode": trigger, "legs": legs}
    return None


def _every(trigger: str, kwargs: dict[str, Any]) -> dict[str, Any] | None:
    units = {name: value for name, value in kwargs.items() if name in Unit.values and value}
    rest = {name: value for name, value in kwargs.items() if name not in Unit.values}
    if len(units) != 1:
        return None
    [(unit, count)] = units.items()
    values = {"kind": Kind.EVERY, "every": count, "unit": unit}
    if trigger == "interval":
        return None if rest else values
    if unit not in kinds.CALENDAR_UNITS or rest.keys() - {"hour", "minute", "second"} or rest.get("second"):
        return None
    return {**values, "every_time": f"{rest.get('hour', 0):02}:{rest.get('minute', 0):02}"}


def _at_a_time(expression: str) -> dict[str, Any] | None:
    """Return daily, weekly or monthly for an expression that says no more than these."""
    match = _AT_A_TIME.fullmatch(expression)
    if match is None or int(match["minute"]) > 59 or int(match["hour"]) > 23:
        return None
    at, day, weekday = f"{int(match['hour']):02}:{int(match['minute']):02}", match["day"], match["weekday"]
    if day == weekday == "*":
        return {"kind": Kind.DAILY, "daily_time": at}
    if day == "*" and set(weekday.split(",")) <= _WEEKDAYS:
        return {"kind": Kind.WEEKLY, "weekdays": weekday.split(","), "weekly_time": at}
    month_day = day if weekday == "*" else weekday if day == "*" else ""
    return {"kind": Kind.MONTHLY, "month_day": month_day, "monthly_time": at} if month_day in _MONTH_DAYS else None


def _leg(trigger: str, kwargs: dict[str, Any], zone: str) -> dict[str, Any] | None:
    kwargs = {name: value for name, value in kwargs.items() if name != "timezone" and value not in (None, "")}
    if trigger == "cron" and set(kwargs) == {"expression"}:
        return {"leg_kind": combine.LegKind.CRON, "pattern": kwargs["expression"]}
    if trigger == "date" and set(kwargs) == {"run_date"}:
        return {"leg_kind": combine.LegKind.DATE, "date": local(kwargs["run_date"], zone)}
    anchor = kwargs.pop("start_date", "")
    values = _every(trigger, kwargs) if trigger in {"interval", "calendarinterval"} else None
    if values is None or values.get("every_time", "00:00") != "00:00":
        return None
    return {"leg_kind": combine.LegKind.INTERVAL, "count": values["every"], "unit": values["unit"], "anchor": anchor}
