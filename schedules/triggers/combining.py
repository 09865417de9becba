"""`and` and `or`: when all legs are due at the same time, and when any of them is.

`and` never hangs. Legs that are patterns in one zone, and elapsed intervals, are merged exactly; what is left is
searched for a common time under a limit of steps, of time and of five years, and says so when it finds none.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from schedules.triggers import sentences
from schedules.triggers.base import END_OF_TIME, Trigger
from schedules.triggers.dst import TICK
from schedules.triggers.errors import SearchLimitReached
from schedules.triggers.limits import cpu_time, looking_up_to, nearer
from schedules.triggers.merging import merged

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

    def __init__(self, legs: Sequence[Trigger], *args: Any, **common: Any) -> None:
        super().__init__(legs, *args, **common)
        self._simple_first = sorted(legs, key=lambda leg: bool(leg.legs))

    def series_after(self, after: datetime) -> datetime | None:
        first: datetime | None = None
        limit: SearchLimitReached | None = None
        with cpu_time(MOST_SECONDS):
            for leg in self._simple_first:
                try:
                    with looking_up_to(nearer(first or END_OF_TIME)):
                        due = leg.next_after(after)
                except SearchLimitReached as reached:
                    limit = reached if limit is None else min(limit, reached, key=lambda one: one.searched_to)
                else:
                    first = due if first is None or (due is not None and due < first) else first
        if limit is None or (first is not None and first <= limit.searched_to):
            return first
        if self.end and limit.searched_to >= self.end:
            return None
        raise limit

    def moved_by_gap(self, due: datetime) -> bool:
        return any(leg.moved_by_gap(due) for leg in self.legs if leg.next_after(due - TICK) == due)


class _Searched(NamedTuple):
    """What the last search found out: nothing is due after `after` and before `end`, where the legs meet or not."""

    after: datetime
    end: datetime
    met: bool


class AndTrigger(Combined):
    """Due when all legs are due at the same time."""

    kind = "and"

    def __init__(self, legs: Sequence[Trigger], *args: Any, **common: Any) -> None:
        super().__init__(legs, *args, **common)
        self._parts = merged(_flat(self.legs))
        self._searched: _Searched | None = None

    def series_after(self, after: datetime) -> datetime | None:
        """Return the first common time. Raises `SearchLimitReached` when the limits come first."""
        return self._meeting(after, _horizon(after))

    def meets(self, now: datetime) -> bool:
        """Tell whether a common time within five years is found. Raises `SearchLimitReached` when the limits did not
        suffice to say so."""
        after = max(now, self.start or now) - TICK
        return self.within(after, _horizon(after)) is not None

    def _meeting(self, after: datetime, until: datetime) -> datetime | None:
        """Return the first common time, or None when there is none before the end."""
        until = nearer(min(until, self.end) if self.end else until)
        if self._parts is None or after > until:
            return None
        try:
            due = self._search(self._parts, after, until)
        except SearchLimitReached as reached:
            if self.end is None or reached.searched_to < self.end:
                raise
            return None
        return due if due is None or self.end is None or due <= self.end else None

    def _search(self, parts: Sequence[Trigger], after: datetime, until: datetime) -> datetime | None:
        """Return the first common time, going on from where the last search ended; looks no further than `until`."""
        known = self._searched
        begin = after
        if known and known.after <= after < known.end:
            if known.met:
                return known.end
            if known.end >= until:
                raise SearchLimitReached(until)
            begin, after = known.after, known.end - TICK
        try:
            with cpu_time(MOST_SECONDS) as stop_at, looking_up_to(until):
                due = meeting(parts, after, until, stop_at)
        except SearchLimitReached as reached:
            self._searched = _Searched(begin, reached.searched_to, met=False)
            raise
        if due is not None:
            self._searched = _Searched(begin, due, met=True)
        return due

    def moved_by_gap(self, due: datetime) -> bool:
        return any(leg.moved_by_gap(due) for leg in self.legs)


def meeting(legs: Sequence[Trigger], after: datetime, until: datetime, stop_at: float) -> datetime | None:
    """Return the first time later than `after` at which all legs are due, or None when one of them has ended.

    Raises `SearchLimitReached`, with how far it looked, when there is none up to `until` or the limits come first.
    """
    if len(legs) == 1:
        return legs[0].undelayed_after(after)
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


def _horizon(after: datetime) -> datetime:
    return END_OF_TIME if END_OF_TIME - after < HORIZON else after + HORIZON


def _flat(legs: Sequence[Trigger]) -> list[Trigger]:
    """Return the legs, those of an inner `and` without bounds of its own beside the others."""
    flat: list[Trigger] = []
    for leg in legs:
        plain = leg.start is None and leg.end is None and leg.exclusions is None
        inner = leg.legs if isinstance(leg, AndTrigger) and plain else None
        flat += [leg] if inner is None else _flat(inner)
    return flat
