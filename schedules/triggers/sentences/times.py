"""The times of day of a cron trigger in words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from schedules.triggers.patterns import TimesOfDay
from schedules.triggers.sentences.words import clock, listed, numbers

MOST_LISTED = 6
MOST_NUMBERS = 16


def times_of_day(times: TimesOfDay) -> tuple[str, bool] | None:
    """Return the times in words, and whether they are clock times (“at 01:00”); None where words would not do."""
    hours, minutes, seconds = times.hours, times.minutes, times.seconds
    count = len(hours) * len(minutes) * len(seconds)
    evenly = _step(minutes, 60)
    if seconds == (0,):
        if phrase := _by_the_hour(hours, minutes) or (_by_minutes(hours, evenly) if evenly else ""):
            return phrase, False
    elif len(hours) == 24 and len(minutes) == 60 and (step := _step(seconds, 60)):
        return ngettext("every second", "every %(n)d seconds", step) % {"n": step}, False
    if count <= MOST_LISTED:
        clocks = [clock(hour, minute, second) for hour in hours for minute in minutes for second in seconds]
        return _("at %(times)s") % {"times": listed(clocks)}, True
    if seconds == (0,) and len(minutes) <= MOST_NUMBERS:
        return _past(hours, minutes), False
    return None


def _by_the_hour(hours: tuple[int, ...], minutes: tuple[int, ...]) -> str:
    """Return words for one minute of evenly spaced hours."""
    if len(minutes) != 1 or len(hours) < 4:
        return ""
    if len(hours) == 24:
        return _("every hour") if minutes == (0,) else _past(hours, minutes)
    every = hours[1] - hours[0]
    if hours != tuple(range(hours[0], hours[-1] + 1, every)):
        return ""
    values = {"n": every, "first": clock(hours[0], minutes[0]), "last": clock(hours[-1], minutes[0])}
    if hours[0] < every and (hours[-1] + every) % 24 == hours[0]:
        return ngettext("every hour from %(first)s", "every %(n)d hours from %(first)s", every) % values
    return (
        ngettext("every hour from %(first)s to %(last)s", "every %(n)d hours from %(first)s to %(last)s", every)
        % values
    )


def _by_minutes(hours: tuple[int, ...], every: int) -> str:
    """Return words for evenly spaced minutes, within all hours or a span of them."""
    if every > 30:
        return ""
    if len(hours) == 24:
        return ngettext("every minute", "every %(n)d minutes", every) % {"n": every}
    if hours == tuple(range(hours[0], hours[-1] + 1)) and 60 // every * len(hours) > 3:
        values = {"n": every, "first": clock(hours[0], 0), "last": clock(hours[-1], 60 - every)}
        return (
            ngettext("every minute from %(first)s to %(last)s", "every %(n)d minutes from %(first)s to %(last)s", every)
            % values
        )
    return ""


def _past(hours: tuple[int, ...], minutes: tuple[int, ...]) -> str:
    values = {"minutes": numbers(minutes), "hours": numbers(hours)}
    if len(hours) == 24:
        return (
            ngettext("at %(minutes)s minute past every hour", "at %(minutes)s minutes past every hour", minutes[-1])
            % values
        )
    return _("at minute %(minutes)s of hour %(hours)s") % values


def _step(values: tuple[int, ...], size: int) -> int:
    """Return n where the values are every n-th from 0 and n divides `size`; otherwise 0."""
    every = values[1] - values[0] if len(values) > 1 else size
    return every if size % every == 0 and values == tuple(range(0, size, every)) else 0
