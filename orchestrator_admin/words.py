"""Dates, durations and relative times as sentences show them: British, short, in the active time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

from django.utils import timezone
from django.utils.dates import MONTHS_3, WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, trans_real

# What browsers and systems call themselves; each claims to be those after it as well.
BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iPadOS"), ("Windows", "Windows"),
           ("Mac OS X", "macOS"), ("Linux", "Linux"))  # fmt: skip
MINUTE, HOUR, DAY = 60, 3600, 86400


def clock(moment: datetime, now: datetime | None = None, *, seconds: bool = False, inside: bool = False) -> str:
    """Return "Today 18:10", "Tomorrow 01:00", "Wed 25 Nov 01:30" or, in another year, "25 Nov 2025 01:30".

    `seconds` are shown on demand; `inside` a sentence "today", "tomorrow" and "yesterday" begin with a small letter.
    """
    return Clock(now, seconds=seconds, inside=inside).say(moment)


class Clock:
    """Says many moments as `clock` does, and asks for language, zone and day only once."""

    def __init__(self, now: datetime | None = None, *, seconds: bool = False, inside: bool = False) -> None:
        self.zone = timezone.get_current_timezone()
        self.today = (now or timezone.now()).astimezone(self.zone).date()
        self.time = "%H:%M:%S" if seconds else "%H:%M"
        self.inside = inside
        self.catalogue = trans_real.catalog()

    def say(self, moment: datetime) -> str:
        """Return the moment in words."""
        local = moment.astimezone(self.zone)
        time = local.strftime(self.time)
        days = local.toordinal() - self.today.toordinal()
        if -1 <= days <= 1:
            return _near(days, self.inside, self.catalogue) % {"time": time}
        if local.year == self.today.year:
            return f"{_day(local, self.catalogue)} {time}"
        return f"{local.day} {_month(local)} {local.year} {time}"

    def exact(self, moment: datetime) -> str:
        """Return the moment as `exact` does."""
        return _exact(moment, self.zone, self.catalogue)


# A list says hundreds of times, and gettext takes longer than all the rest: so words are kept, by the catalogue that
# they are from.
@lru_cache(maxsize=64)
def _near(days: int, inside: bool, _catalogue: object) -> str:
    if days == 0:
        return _("today %(time)s") if inside else _("Today %(time)s")
    if days == 1:
        return _("tomorrow %(time)s") if inside else _("Tomorrow %(time)s")
    return _("yesterday %(time)s") if inside else _("Yesterday %(time)s")


class _Units(NamedTuple):
    to_come: str
    past: str
    milliseconds: str
    seconds: str
    minutes: str
    hours: str
    days: str


def _units() -> _Units:
    return _units_of(trans_real.catalog())


@lru_cache(maxsize=16)
def _units_of(_catalogue: object) -> _Units:
    return _Units(
        to_come=_("in %(span)s"),
        past=_("%(span)s ago"),
        milliseconds=_("%(count)s ms"),
        seconds=_("%(count)s s"),
        minutes=_("%(count)s min"),
        hours=_("%(count)s h"),
        days=_("%(count)s d"),
    )


def exact(moment: datetime) -> str:
    """Return the moment to the second in the active zone and, where that differs, in UTC."""
    return _exact(moment, timezone.get_current_timezone(), trans_real.catalog())


@lru_cache(maxsize=2048)
def _exact(moment: datetime, zone: tzinfo, catalogue: object) -> str:
    """Kept, since a live page shows the same moments again and again, a hundred of them each time."""
    local = moment.astimezone(zone)
    in_zone = f"{_day(local, catalogue)} {local.year}, {local:%H:%M:%S} {timezone.get_current_timezone_name()}"
    if local.utcoffset() == timedelta(0):
        return in_zone
    utc = moment.astimezone(UTC)
    return f"{in_zone} ({utc.day} {_month(utc)} {utc:%H:%M:%S} UTC)"


def _day(local: datetime, catalogue: object) -> str:
    return _day_and_month(local.weekday(), local.day, local.month, catalogue)


@lru_cache(maxsize=1024)
def _day_and_month(weekday: int, day: int, month: int, _catalogue: object) -> str:
    return f"{WEEKDAYS_ABBR[weekday]} {day} {str(MONTHS_3[month]).title()}"


def _month(moment: datetime) -> str:
    """Return the month's short name, translated. A list shows a hundred times: `date_format` would be too slow."""
    return str(MONTHS_3[moment.month]).title()


def relative(moment: datetime, now: datetime | None = None) -> str:
    """Return "in 3 min", "2 h ago" or "now"; one unit, rounded down, is all that a glance can use."""
    seconds = (moment - (now or timezone.now())).total_seconds()
    if abs(seconds) < 1:
        return _("now")
    span = _one_unit(int(abs(seconds)))
    units = _units()
    return (units.to_come if seconds > 0 else units.past) % {"span": span}


def duration(span: timedelta | None) -> str:
    """Return "4 ms", "5.01 s", "1 min 12 s", "2 h 5 min" or "3 d 4 h"; nothing for None."""
    if span is None:
        return ""
    seconds = max(span.total_seconds(), 0)
    if seconds < 1:
        return _units().milliseconds % {"count": round(seconds * 1000)}
    if seconds < 10:
        return in_seconds(f"{seconds:.2f}".rstrip("0").rstrip("."))
    if seconds < MINUTE:
        return in_seconds(f"{seconds:.1f}".removesuffix(".0"))
    whole = int(seconds)
    if whole < HOUR:
        return _join(in_minutes(whole // MINUTE), in_seconds(whole % MINUTE), whole % MINUTE)
    if whole < DAY:
        return _join(in_hours(whole // HOUR), in_minutes(whole % HOUR // MINUTE), whole % HOUR // MINUTE)
    return _join(_units().days % {"count": whole // DAY}, in_hours(whole % DAY // HOUR), whole % DAY // HOUR)


def in_seconds(count: int | str) -> str:
    return _units().seconds % {"count": count}


def in_minutes(count: int | str) -> str:
    return _units().minutes % {"count": count}


def in_hours(count: int | str) -> str:
    return _units().hours % {"count": count}


def in_days(number: int, shown: int | str) -> str:
    """Return "1 day" or "2 days": `number` decides the form, `shown` is what is written."""
    return ngettext("%(count)s day", "%(count)s days", number) % {"count": shown}


def _join(large: str, small: str, count: int) -> str:
    return f"{large} {small}" if count else large


def _one_unit(seconds: int) -> str:
    if seconds < MINUTE:
        return in_seconds(seconds)
    if seconds < HOUR:
        return in_minutes(seconds // MINUTE)
    if seconds < DAY:
        return in_hours(seconds // HOUR)
    return in_days(seconds // DAY, seconds // DAY)
