"""Cron: crontab(5) expressions with five fields, six with seconds in front, or a nickname such as @daily.

cronsim reads the expression and says which days match (Sunday is 0 and 7; day of month or day of week; L, LW, #);
finding the next time and the daylight-saving policy are common to all triggers.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from django.utils.translation import gettext as _

from schedules.triggers import cronfields, sentences
from schedules.triggers.arguments import Reader
from schedules.triggers.base import PatternTrigger
from schedules.triggers.cronerrors import explain_error
from schedules.triggers.patterns import Pattern, TimesOfDay

LONGEST = 250
NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


class CronTrigger(PatternTrigger):
    """Due at the local times that an expression, or APScheduler's fields, describe."""

    kind = "cron"

    def __init__(self, kwargs: dict[str, Any], zone: ZoneInfo, **common: Any) -> None:
        super().__init__(kwargs, zone, **common)
        if "expression" in kwargs:
            self.pattern = from_expression(kwargs["expression"])
        else:
            self.pattern = cronfields.from_fields(cronfields.only_fields(kwargs))

    def sentence(self) -> str:
        if "expression" in self.kwargs:
            return sentences.cron(parsed(self.kwargs["expression"]), self.pattern.times)
        return cronfields.sentence(cronfields.only_fields(self.kwargs))


def read(reader: Reader) -> dict[str, Any]:
    """Return the normalised arguments of a cron trigger, start and end aside."""
    expression = reader.text("expression", LONGEST)
    fields = cronfields.read(reader)
    if expression is not None:
        if fields:
            reader.error("expression", _("Give an expression or single fields, not both."))
        elif sentence := explain_error(expression, NICKNAMES):
            reader.error("expression", sentence)
        return {"expression": " ".join(expression.split())}
    if not fields and not reader.errors:
        reader.error("expression", _("Give a cron expression such as 30 1 * * *."))
    return fields


@lru_cache(maxsize=2048)
def parsed(expression: str) -> CronSim:
    """Return the expression as cronsim reads it. Raises `CronSimError` where it cannot."""
    text = NICKNAMES.get(expression.strip().lower(), expression)
    return CronSim(text, datetime(2000, 1, 1))  # noqa: DTZ001 - local time of no zone


@lru_cache(maxsize=2048)
def from_expression(expression: str) -> Pattern:
    """Return the pattern of an expression. Raises `CronSimError` where cronsim cannot read it."""
    cron = parsed(expression)
    minute, hour = cron.parts[1], cron.parts[2]
    return Pattern(
        TimesOfDay(tuple(sorted(cron.hours)), tuple(sorted(cron.minutes)), tuple(sorted(cron.seconds))),
        (CronDays(cron),),
        real_time=minute.startswith("*") or hour.startswith("*"),
    )


class CronDays:
    """The days that an expression allows."""

    def __init__(self, cron: CronSim) -> None:
        self._matches = cron.match_day
        self._months = cron.months

    def next_day(self, day: date, last: date) -> date | None:
        while day <= last:
            if day.month not in self._months:
                day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
            elif self._matches(day):
                return day
            else:
                day += timedelta(days=1)
        return None


__all__ = ["CronSimError", "CronTrigger", "from_expression", "read"]
