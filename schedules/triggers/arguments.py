"""Read the arguments of a trigger strictly: each by its name and type, and nothing that is not known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from schedules.triggers.dst import LAST_YEAR, is_gap, resolve
from schedules.triggers.errors import TriggerError
from schedules.triggers.zones import zone

FIRST_YEAR = 1970
EARLIEST = datetime(1969, 12, 31, tzinfo=UTC)  # the first day of that year begins here somewhere
MAX_JITTER = 86_400
MOST_UNKNOWN = 20
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,6})?)?( ?(Z|z|[+-]\d{2}(:?\d{2})?))?")


class Reader:
    """The arguments of one trigger. Collects what is wrong with all of them; `finish` raises it at once."""

    def __init__(self, kwargs: object, path: str, time_zone: str) -> None:
        self.path = path
        self.errors: dict[str, list[str]] = {}
        self.skipped: dict[str, datetime] = {}  # the local times given that the clocks skip
        self._known: set[str] = set()
        if not isinstance(kwargs, Mapping) or not all(isinstance(key, str) for key in kwargs):
            raise TriggerError({path + "trigger_kwargs": [_("Give the arguments as an object.")]})
        self.kwargs: Mapping[str, Any] = kwargs
        self.zone = self._zone(time_zone)

    def error(self, name: str, sentence: str) -> None:
        self.errors.setdefault(self.path + name, []).append(sentence)

    def has(self, name: str) -> bool:
        return self.kwargs.get(name) is not None

    def raw(self, name: str) -> Any:
        """Return the argument as it came; None where it is missing."""
        self._known.add(name)
        return self.kwargs.get(name)

    def integer(self, name: str, low: int, high: int) -> int | None:
        value = self.raw(name)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.error(name, _("Give a whole number."))
        elif not low <= value <= high:
            self.error(name, _("Give a number from %(low)s to %(high)s.") % {"low": low, "high": high})
        else:
            return int(value)
        return None

    def text(self, name: str, longest: int) -> str | None:
        value = self.raw(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.error(name, _("Give a text."))
        elif len(value) > longest:
            self.error(name, _("This is longer than %(longest)d characters.") % {"longest": longest})
        else:
            return value
        return None

    def moment(self, name: str) -> date | datetime | None:
        """Return a day as `date`, a time as `datetime` in UTC. A time without an offset is in the trigger's zone."""
        value = self.raw(name)
        try:
            if value is None:
                return None
            if isinstance(value, str):
                value = _from_text(value.strip())
            if isinstance(value, datetime):
                value = self._aware(name, value)
            if isinstance(value, date):
                too_early = value < EARLIEST if isinstance(value, datetime) else value.year < FIRST_YEAR
                if not too_early:
                    return value
                self._out_of_range(name)
                return None
        except (ValueError, OverflowError):
            pass
        self.error(name, _("Give a date and time such as 2027-03-28T01:30."))
        return None

    def instant(self, name: str) -> datetime | None:
        """Return a time; a day alone means its first moment."""
        value = self.moment(name)
        if isinstance(value, date) and not isinstance(value, datetime) and value.year <= LAST_YEAR:
            value = resolve(datetime.combine(value, time()), self.zone)
        if value is None or (isinstance(value, datetime) and value.year <= LAST_YEAR):
            return value
        self._out_of_range(name)
        return None

    def json(self, value: date | datetime) -> str:
        """Return a day or a time as ISO text, in the trigger's zone where it has an offset."""
        if isinstance(value, datetime) and value.tzinfo and value.year <= LAST_YEAR:
            return value.astimezone(self.zone).isoformat()
        return value.isoformat()

    def finish(self) -> None:
        """Raise `TriggerError` when anything was wrong or unknown."""
        known = ", ".join(sorted(self._known))
        for name in [name for name in self.kwargs if name not in self._known][:MOST_UNKNOWN]:
            self.error(
                name[:60] or "trigger_kwargs",
                _("This trigger has no such argument. It knows: %(known)s.") % {"known": known},
            )
        if self.errors:
            raise TriggerError(self.errors)

    def _out_of_range(self, name: str) -> None:
        self.error(name, _("Give a year from %(low)d to %(high)d.") % {"low": FIRST_YEAR, "high": LAST_YEAR})

    def _zone(self, default: str) -> ZoneInfo:
        name = self.text("timezone", 64)
        try:
            return zone(name if name is not None else default)
        except LookupError as error:
            self.error("timezone", str(error))
        return zone("UTC")

    def _aware(self, name: str, value: datetime) -> datetime:
        if value.tzinfo is None:
            if value.year > LAST_YEAR:
                return value.replace(tzinfo=UTC)
            if is_gap(value, self.zone):
                self.skipped[name] = value.replace(fold=0)
            return resolve(value, self.zone)
        return value.astimezone(UTC)


def last_moment(end: date | datetime | None, zone: ZoneInfo) -> datetime | None:
    """Return the latest instant that an end allows: a day alone means all of it; the year 9999 means no end."""
    if end is None or end.year > LAST_YEAR:
        return None
    if isinstance(end, datetime):
        return end
    return resolve(datetime.combine(end + timedelta(days=1), time()), zone) - timedelta(microseconds=1)


def _from_text(text: str) -> date | datetime:
    if _DATE.fullmatch(text):
        return date.fromisoformat(text)
    if _MOMENT.fullmatch(text):
        return datetime.fromisoformat(text.replace(" ", "T", 1).replace(" ", "").replace(",", ".").upper())
    raise ValueError(text)
