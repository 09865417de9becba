"""Days on which a trigger is not due although it would be: holidays, freezes, maintenance."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from schedules.triggers.arguments import Reader
from schedules.triggers.dst import resolve

NAME = "except_dates"
MOST = 100
_ONCE = re.compile(r"\d{4}-\d{2}-\d{2}")
_EVERY_YEAR = re.compile(r"\d{2}-\d{2}")


class Exclusions:
    """Local days, given as `2026-12-25` or, for every year, as `12-25`."""

    def __init__(self, days: Sequence[str]) -> None:
        self.days = list(days)
        self._excluded = frozenset(days)

    def end_of_day(self, due: datetime, zone: ZoneInfo) -> datetime | None:
        """Return when the local day of that due time ends, or None when the day is not excluded."""
        day = due.astimezone(zone).date()
        if not self._excluded.intersection((day.isoformat(), f"{day:%m-%d}")):
            return None
        return resolve(datetime.combine(day + timedelta(days=1), time()), zone)


def read(reader: Reader) -> Exclusions | None:
    """Return the days that the arguments exclude, if they exclude any."""
    given = reader.raw(NAME)
    if given is None or given == []:
        return None
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) > MOST:
        reader.error(NAME, _("Give a list of at most %(most)d days.") % {"most": MOST})
        return None
    wrong = [day for day in given if not _is_day(day)]
    if wrong:
        reader.error(NAME, _("Give days such as 2026-12-25, or 12-25 for every year."))
        return None
    return Exclusions(sorted(set(given)))


def _is_day(text: object) -> bool:
    if not isinstance(text, str) or not (_ONCE.fullmatch(text) or _EVERY_YEAR.fullmatch(text)):
        return False
    try:
        date.fromisoformat(text if len(text) > len("12-25") else f"2000-{text}")
    except ValueError:
        return False
    return True
