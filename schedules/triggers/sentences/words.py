"""Words that sentences are made of: lists, clock times, ordinals, days, months."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime

from django.utils.dateformat import format as format_date
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.translation import gettext as _

NTH = {
    1: lambda: _("first"),
    2: lambda: _("second"),
    3: lambda: _("third"),
    4: lambda: _("fourth"),
    5: lambda: _("fifth"),
    -1: lambda: _("last"),
}


def listed(words: Sequence[str]) -> str:
    """Return “a”, “a and b”, “a, b and c”."""
    if len(words) == 1:
        return words[0]
    return _("%(most)s and %(last)s") % {"most": ", ".join(words[:-1]), "last": words[-1]}


def runs(values: Iterable[int]) -> list[tuple[int, int]]:
    """Return sorted values as runs of consecutive ones."""
    found: list[tuple[int, int]] = []
    for value in sorted(values):
        if found and found[-1][1] == value - 1:
            found[-1] = (found[-1][0], value)
        else:
            found.append((value, value))
    return found


def spans(values: Iterable[int], words: dict[int, str]) -> str:
    """Return the values as a list in which three consecutive ones or more are written “a to c”."""
    parts: list[str] = []
    for first, last in runs(values):
        if last - first >= 2:
            parts.append(_("%(first)s to %(last)s") % {"first": words[first], "last": words[last]})
        else:
            parts += [words[value] for value in range(first, last + 1)]
    return listed(parts)


def clock(hour: int, minute: int, second: int = 0) -> str:
    """Return a time of day, with seconds where there are any."""
    return f"{hour:02d}:{minute:02d}:{second:02d}" if second else f"{hour:02d}:{minute:02d}"


def clock_of(moment: datetime) -> str:
    return clock(moment.hour, moment.minute, moment.second)


def ordinal(number: int) -> str:
    """Return 1st, 2nd, 3rd, 4th."""
    values = {"n": number}
    if number % 10 == 1 and number != 11:
        return _("%(n)dst") % values
    if number % 10 == 2 and number != 12:
        return _("%(n)dnd") % values
    if number % 10 == 3 and number != 13:
        return _("%(n)drd") % values
    return _("%(n)dth") % values


def numbers(values: Collection[int]) -> str:
    return spans(values, {value: str(value) for value in values})


def ordinals(values: Collection[int]) -> str:
    return spans(values, {value: ordinal(value) for value in values})


def weekday(number: int) -> str:
    """Return the name of a weekday; Monday is 0."""
    return str(WEEKDAYS[number])


def weekdays(values: Iterable[int]) -> str:
    """Return the names of weekdays; Monday is 0."""
    return spans(values, {number: weekday(number) for number in range(7)})


def months(values: Iterable[int]) -> str:
    return spans(values, {number: str(name) for number, name in MONTHS.items()})


def day(value: date) -> str:
    return str(format_date(value, "j F Y"))


def moment(value: datetime) -> str:
    return _("%(day)s, %(time)s") % {"day": day(value.date()), "time": clock_of(value)}


def day_and_month(value: date) -> str:
    return str(format_date(value, "j F"))


def capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def small(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
