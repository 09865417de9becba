"""The one daylight-saving policy, for every kind of trigger: Debian cron's.

A local time that the clocks skip runs right after the gap, once. A local time that comes twice runs the first time
only. What runs hourly or more often follows real time: it neither pauses nor hurries when the clocks change.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

TICK = timedelta(microseconds=1)
LAST_YEAR = 9998  # leaves room for every offset below datetime.max
NextWall = Callable[[datetime], datetime | None]
"""Gives the first local time (naive) strictly after a given one at which something is due."""


class Change(NamedTuple):
    """A change of a zone's offset from UTC: the first instant of the new one, and both offsets."""

    at: datetime
    before: timedelta
    after: timedelta


@lru_cache(maxsize=4096)
def changes_in(zone: tzinfo, year: int) -> tuple[Change, ...]:
    """Return the changes of that year (in UTC), earliest first."""
    found = []
    start = datetime(year, 1, 1, tzinfo=UTC)
    before = _offset(zone, start)
    for _ in range(366 if isleap(year) else 365):
        end = start + timedelta(days=1)
        after = _offset(zone, end)
        if after != before:
            found.append(Change(_first_second_of(zone, after, start, end), before, after))
        start, before = end, after
    return tuple(found)


def changes_between(zone: tzinfo, after: datetime, until: datetime) -> Iterator[Change]:
    """Yield the changes later than `after`, up to and including `until` (both aware), earliest first."""
    for year in range(after.astimezone(UTC).year, until.astimezone(UTC).year + 1):
        for change in changes_in(zone, year):
            if after < change.at <= until:
                yield change


def wall_time(instant: datetime, zone: tzinfo) -> datetime:
    """Return what the clocks of the zone show at that instant, naive."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def resolve(wall: datetime, zone: tzinfo) -> datetime:
    """Return the instant (UTC) at which something due at that local time runs: see the policy."""
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if wall_time(instant, zone) == wall:
        return instant
    *_, gap = changes_between(zone, instant - timedelta(days=3), instant)
    return gap.at


def is_gap(wall: datetime, zone: tzinfo) -> bool:
    """Tell whether the clocks skip that local time."""
    return wall_time(wall.replace(tzinfo=zone).astimezone(UTC), zone) != wall


def next_fixed(next_wall: NextWall, zone: tzinfo, after: datetime) -> datetime | None:
    """Return the first instant after `after` for what is due at fixed local times."""
    wall: datetime | None = _latest_wall_time(after, zone)
    while wall := next_wall(wall) if wall else None:
        instant = resolve(wall, zone)
        if instant > after:
            return instant
    return None


def next_in_real_time(next_wall: NextWall, zone: tzinfo, after: datetime) -> datetime | None:
    """Return the first instant after `after` for what is due hourly or more often."""
    local = after.astimezone(zone)
    offset = local.utcoffset() or timedelta()
    wall = local.replace(tzinfo=None, fold=0)
    due = next_wall(wall)
    while due is not None:
        instant = (due - offset).replace(tzinfo=UTC)
        change = next(changes_between(zone, after, instant), None)
        if change is None:
            return instant
        after, offset = change.at, change.after
        now = change.at.replace(tzinfo=None) + offset
        if not wall < now <= due:  # otherwise nothing is due before `due` after the change either
            due = next_wall(now - TICK)
        wall = now - TICK
    return None


def _latest_wall_time(instant: datetime, zone: tzinfo) -> datetime:
    """Return the latest local time that the clocks have shown by then: in a repeated hour, that of its first pass."""
    local = instant.astimezone(zone)
    wall = local.replace(tzinfo=None, fold=0)
    if local.fold:
        *_, change = changes_between(zone, instant - timedelta(days=3), instant)
        return change.at.replace(tzinfo=None) + change.before - TICK
    return wall


def _offset(zone: tzinfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()


def _first_second_of(zone: tzinfo, offset: timedelta, low: datetime, high: datetime) -> datetime:
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if _offset(zone, middle) == offset:
            high = middle
        else:
            low = middle
    return high
