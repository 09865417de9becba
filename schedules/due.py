"""Arithmetic of due times: which have passed, and which come next. Pure Python; no database.

A trigger is a function of time alone (`next_after`), so that any process can compute the same due times, and the latest
ones can be found from the end instead of being counted up to from the beginning.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

TICK = timedelta(microseconds=1)


class Times(Protocol):
    """The part of a trigger that is needed here."""

    def next_after(self, after: datetime) -> datetime | None:
        """Return the first due time strictly after `after`, or None when there is none."""


@dataclass(frozen=True)
class Passed:
    """Due times from a cursor up to now: the latest ones, whether some between `cursor` and them are left out, and
    what comes next."""

    times: list[datetime]
    left_out: bool
    next_due: datetime | None


def passed(trigger: Times, cursor: datetime, now: datetime, at_most: int) -> Passed:
    """Return the due times in [cursor, now]: the cursor itself always, and the latest `at_most` after it."""
    times = [cursor]
    following = trigger.next_after(cursor)
    while following is not None and following <= now and len(times) <= at_most:
        times.append(following)
        following = trigger.next_after(following)
    if following is None or following > now:
        return Passed(times, left_out=False, next_due=following)
    recent, following = latest(trigger, times[-1], now, at_most)
    return Passed([cursor, *recent], left_out=True, next_due=following)


def latest(trigger: Times, after: datetime, now: datetime, at_most: int) -> tuple[list[datetime], datetime | None]:
    """Return the latest `at_most` due times in (after, now], in order, and the first one after now.

    Looks back from now over a distance that doubles until it holds enough of them or reaches `after`.
    """
    distance = timedelta(seconds=1)
    while True:
        start = max(after, now - distance)
        times: list[datetime] = []
        following = trigger.next_after(start)
        while following is not None and following <= now:
            times.append(following)
            following = trigger.next_after(following)
        if len(times) >= at_most or start == after:
            return times[-at_most:], following
        distance *= 2


def stretch(
    trigger: Times, after: datetime, before: datetime, at_most: int, *, seconds: float
) -> tuple[list[datetime], bool]:
    """Return the first due times strictly between the two, at most so many and for at most so long, and whether that
    is all of them. The first one is found however long that takes, so that asking again gets further."""
    until = time.monotonic() + seconds
    times: list[datetime] = []
    following = trigger.next_after(after)
    while following is not None and following < before:
        if len(times) >= at_most or (times and time.monotonic() > until):
            return times, False
        times.append(following)
        following = trigger.next_after(following)
    return times, True
