"""`and` and `or`: when all legs are due at the same time, and when any of them is.

`and` never hangs. Legs that are patterns in one zone, and elapsed intervals, are merged exactly; what is left is
searched for a common time under a limit of steps, of time and of five years, and says so when it finds none.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import gcd
from typing import Any
from zoneinfo import ZoneInfo

from schedules.triggers import sentences
from schedules.triggers.base import END_OF_TIME, PatternTrigger, Trigger
from schedules.triggers.dst import TICK
from schedules.triggers.errors import SearchLimitReached
from schedules.triggers.interval import ElapsedInterval
from schedules.triggers.patterns import Pattern, in_common

HORIZON = timedelta(days=5 * 366)
MOST_STEPS = 20_000
MOST_SECONDS = 0.25


class Combined(Trigger):
    """What `and` and `or` share."""

    def __init__(self, legs: Sequence[Trigger], *args: Any, **common: Any) -> None:
        super().__init__(*args, **common)
        self.legs = list(legs)

    def sentence(self) -> str:
        return sentences.combined(self.kind, [self._of(leg) for leg in self.legs])

    def _of(self, leg: Trigger) -> str:
        return leg.describe() if leg.zone == self.zone else f"{leg.describe()} ({leg.time_zone})"


class OrTrigger(Combined):
    """Due whenever one of the legs is; once where several are at the same time."""

    kind = "or"

    def series_after(self, after: datetime) -> datetime | None:
        first: datetime | None = None
        limit: SearchLimitReached | None = None
        for leg in self.legs:
            try:
                due = leg.next_after(after)
            except SearchLimitReached as reached:
                limit = reached if limit is None else min(limit, reached, key=lambda one: one.searched_to)
            else:
                first = due if first is None or (due is not None and due < first) else first
        if limit is not None and (first is None or first > limit.searched_to):
            raise limit
        return first

    def moved_by_gap(self, due: datetime) -> bool:
        return any(leg.moved_by_gap(due) for leg in self.legs if leg.next_after(due - TICK) == due)


class AndTrigger(Combined):
    """Due when all legs are due at the same time."""

    kind = "and"

    def __init__(self, legs: Sequence[Trigger], *args: Any, **common: Any) -> None:
        super().__init__(legs, *args, **common)
        self._parts = merged(self.legs)

    def series_after(self, after: datetime) -> datetime | None:
        """Return the first common time. Raises `SearchLimitReached` when the limits come first."""
        return self._meeting(after, after + HORIZON, MOST_SECONDS)

    def within(self, after: datetime, until: datetime) -> datetime | None:
        after = max(after, self.start - TICK) if self.start else after
        until = min(until, self.end) if self.end else until
        try:
            due = self._meeting(after, until, MOST_SECONDS)
        except SearchLimitReached as reached:
            if reached.searched_to < until:
                raise
            return None
        return due if due is not None and due <= until else None

    def meets(self, now: datetime, seconds: float) -> bool:
        """Tell whether a common time within five years is found. Raises `SearchLimitReached` when `seconds` of CPU
        time or the steps did not suffice to say so."""
        after = max(now, self.start or now) - TICK
        until = min(after + HORIZON, self.end or END_OF_TIME, END_OF_TIME)
        try:
            due = self._meeting(after, until, seconds)
        except SearchLimitReached as reached:
            if reached.searched_to < until:
                raise
            return False
        return due is not None and due <= until

    def _meeting(self, after: datetime, until: datetime, seconds: float) -> datetime | None:
        return None if self._parts is None else meeting(self._parts, after, until, seconds)

    def moved_by_gap(self, due: datetime) -> bool:
        return any(leg.moved_by_gap(due) for leg in self.legs)


class CommonPattern(PatternTrigger):
    """What several patterns in one zone have in common."""

    kind = "and"

    def __init__(self, pattern: Pattern, zone: ZoneInfo, **common: Any) -> None:
        super().__init__({}, zone, **common)
        self.pattern = pattern

    def sentence(self) -> str:
        return ""


def meeting(legs: Sequence[Trigger], after: datetime, until: datetime, seconds: float) -> datetime | None:
    """Return the first time later than `after` at which all legs are due, or None when one of them has ended.

    Raises `SearchLimitReached`, with how far it looked, when there is none up to `until` or the limits come first.
    """
    if len(legs) == 1:
        return legs[0].undelayed_after(after)
    stop_at = time.thread_time() + seconds
    candidate, agreed, steps = after, 0, 0
    while True:
        for leg in legs:
            due = leg.undelayed_after(candidate - TICK if steps else candidate)
            if due is None:
                return None
            agreed = agreed + 1 if due == candidate and steps else 1
            candidate = due
            if agreed >= len(legs):
                return candidate
            steps += 1
            if candidate > until or steps >= MOST_STEPS or time.thread_time() > stop_at:
                raise SearchLimitReached(min(candidate, until))


def merged(legs: Sequence[Trigger]) -> list[Trigger] | None:
    """Return fewer triggers that meet exactly when the legs do, or None when two of them never can."""
    patterns: dict[str, list[PatternTrigger]] = {}
    elapsed: ElapsedInterval | None = None
    parts: list[Trigger] = []
    for leg in _flat(legs):
        if isinstance(leg, PatternTrigger):
            patterns.setdefault(leg.time_zone, []).append(leg)
        elif isinstance(leg, ElapsedInterval):
            elapsed = leg if elapsed is None else _both(elapsed, leg)
            if elapsed is None:
                return None
        else:
            parts.append(leg)
    for group in patterns.values():
        pattern = group[0].pattern if len(group) == 1 else in_common([leg.pattern for leg in group])
        if pattern is None:
            return None
        parts.append(CommonPattern(pattern, group[0].zone, **_bounds(group)))
    return [*parts, elapsed] if elapsed else parts


def _flat(legs: Sequence[Trigger]) -> list[Trigger]:
    """Return the legs, those of an inner `and` without bounds of its own beside the others."""
    flat: list[Trigger] = []
    for leg in legs:
        plain = isinstance(leg, AndTrigger) and leg.start is None and leg.end is None
        flat += _flat(leg.legs) if isinstance(leg, AndTrigger) and plain else [leg]
    return flat


def _bounds(legs: Sequence[Trigger]) -> dict[str, datetime | None]:
    return {
        "start": max((leg.start for leg in legs if leg.start), default=None),
        "end": min((leg.end for leg in legs if leg.end), default=None),
    }


def _both(one: ElapsedInterval, other: ElapsedInterval) -> ElapsedInterval | None:
    """Return the interval at which both are due (the Chinese remainder theorem, in microseconds), or None."""
    step, other_step = one.every // TICK, other.every // TICK
    common = gcd(step, other_step)
    distance = (other.anchor - one.anchor) // TICK
    if distance % common:
        return None
    times = distance // common * pow(step // common, -1, other_step // common) % (other_step // common)
    both = ElapsedInterval(one.units, one.anchor, one.wall, one.kwargs, one.zone, **_bounds([one, other]))
    try:
        both.every = step * (other_step // common) * TICK
        both.anchor = one.anchor + times * step * TICK
        if both.anchor < other.anchor:
            both.anchor += ((other.anchor - both.anchor) // both.every + 1) * both.every
    except OverflowError:
        return None
    return both
