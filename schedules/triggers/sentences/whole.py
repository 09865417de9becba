"""Whole sentences: a single date, combined triggers, and what start, end and random delay add."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from schedules.triggers.sentences import words
from schedules.triggers.sentences.intervals import length


def once(moment: datetime) -> str:
    """Return a single local time in words."""
    return _("Once, on %(day)s at %(time)s") % {"day": words.day(moment.date()), "time": words.clock_of(moment)}


def combined(kind: str, legs: Sequence[str]) -> str:
    """Return the sentences of legs as one: when all of them are due, or any."""
    if len(legs) == 1:
        return legs[0]
    legs = [words.small(leg) for leg in legs]
    if kind == "or":
        return words.capital(_(", or ").join(legs))
    values = {"legs": _(" and ").join(f"[{leg}]" for leg in legs)}
    return (_("Whenever both are due: %(legs)s") if len(legs) == 2 else _("Whenever all are due: %(legs)s")) % values


def whole(
    sentence: str, *, start: date | datetime | None, end: date | datetime | None, except_on: Sequence[str], jitter: int
) -> str:
    """Return the sentence with its bounds, the days excepted and its random delay."""
    if start:
        sentence = _("%(sentence)s, from %(start)s") % {"sentence": sentence, "start": _bound(start)}
    if end:
        sentence = _("%(sentence)s, until %(end)s") % {"sentence": sentence, "end": _bound(end)}
    if except_on:
        sentence = _("%(sentence)s, except on %(days)s") % {"sentence": sentence, "days": _days(except_on)}
    if jitter:
        delay = {"sentence": sentence, "length": length(jitter)}
        sentence = _("%(sentence)s, delayed at random by up to %(length)s") % delay
    return sentence


def _days(days: Sequence[str]) -> str:
    if len(days) > 3:
        return ngettext("%(n)d day", "%(n)d days", len(days)) % {"n": len(days)}
    return words.listed(
        [
            words.day(date.fromisoformat(day))
            if len(day) > 5
            else words.day_and_month(date.fromisoformat(f"2000-{day}"))
            for day in days
        ]
    )


def _bound(bound: date | datetime) -> str:
    return words.moment(bound) if isinstance(bound, datetime) else words.day(bound)
