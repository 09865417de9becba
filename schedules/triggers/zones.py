"""Time zones by name, with a suggestion for what was mistyped."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from django.utils.translation import gettext as _


@cache
def known_zones() -> frozenset[str]:
    """Return the names of all time zones of this installation."""
    return frozenset(available_timezones())


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """Return the zone of that name. Raises `LookupError` with a sentence for people."""
    if name in known_zones():
        return ZoneInfo(name)
    sentence = _("There is no time zone “%(name)s”.") % {"name": name[:60]}
    if close := _close(name):
        sentence += " " + _("Did you mean %(name)s?") % {"name": close}
    raise LookupError(sentence)


def _close(name: str) -> str:
    """Return the zone that was probably meant: by its whole name, by its city, or nothing."""
    wanted = name.strip().replace(" ", "_")[:60].lower()
    by_lower = {known.lower(): known for known in sorted(known_zones())}
    by_city = {known.rpartition("/")[2]: by_lower[known] for known in by_lower}
    for names in (by_lower, by_city):
        if close := get_close_matches(wanted, names, n=1, cutoff=0.75):
            return names[close[0]]
    return ""
