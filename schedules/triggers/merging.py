"""What legs of an `and` have in common, worked out instead of searched for, and which of them can never meet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from math import gcd
from zoneinfo import ZoneInfo

from schedules.triggers.base import PatternTrigger, Trigger
from schedules.triggers.dst import TICK, changes_in
from schedules.triggers.interval import ElapsedInterval
from schedules.triggers.patterns import Pattern, in_common

HOUR = 3600
_MILLION = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CommonPattern(PatternTrigger):
    """What several patterns in one zone have in common."""

    kind = "and"

    def __init__(self, pattern: Pattern, zone: ZoneInfo, start: datetime | None, end: datetime | None) -> None:
        super().__init__({}, zone, start=start, end=end)
        self.pattern = pattern

    def sentence(self) -> str:
        return ""


def merged(legs: Sequence[Trigger]) -> list[Trigger] | None:
    """Return fewer triggers that meet exactly when the legs do, or None when two of them never can."""
    patterns: dict[str, list[PatternTrigger]] = {}
    elapsed: ElapsedInterval | None = None
    parts: list[Trigger] = []
    for leg in legs:
        if leg.exclusions:
            parts.append(leg)
        elif isinstance(leg, PatternTrigger):
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
        parts.append(CommonPattern(pattern, group[0].zone, *_bounds(group)))
    parts += [elapsed] if elapsed else []
    disagree = any(not clocks_agree(one, other) for n, one in enumerate(parts) for other in parts[:n])
    return None if disagree else parts


def clocks_agree(one: Trigger, other: Trigger) -> bool:
    """Tell whether both are ever due at the same minute and second, seen on clocks of any hour. Where it cannot be
    told, the answer is yes."""
    for trigger, rest in ((one, other), (other, one)):
        if trigger.kind == "or":
            return any(clocks_agree(leg, rest) for leg in trigger.legs)
        if trigger.kind == "and" and trigger.legs:
            return all(clocks_agree(leg, rest) for leg in trigger.legs)
    mine, theirs = _moments(one), _moments(other)
    if mine is None or theirs is None:
        return True
    one_clock = one.zone == other.zone and isinstance(one, PatternTrigger) and isinstance(other, PatternTrigger)
    period = HOUR if one_clock else gcd(shared_minutes(one.zone), shared_minutes(other.zone))
    step = gcd(mine[1], theirs[1], period * _MILLION)
    return not {moment % step for moment in mine[0]}.isdisjoint({moment % step for moment in theirs[0]})


@lru_cache(maxsize=1024)
def shared_minutes(zone: ZoneInfo) -> int:
    """Return the seconds of the longest part of an hour that all clocks share: an hour, or a quarter in Nepal."""
    year = datetime.now(UTC).year
    offsets = {datetime(year, 1, 1, tzinfo=UTC).astimezone(zone).utcoffset()}
    offsets |= {change.after for future in range(6) for change in changes_in(zone, year + future)}
    return gcd(HOUR, *(int(offset.total_seconds()) for offset in offsets if offset))


def _moments(trigger: Trigger) -> tuple[set[int], int] | None:
    """Return moments in microseconds and their period: it is due only at a moment plus any number of periods."""
    if isinstance(trigger, ElapsedInterval):
        period = gcd(trigger.every // TICK, HOUR * _MILLION)
        return {(trigger.anchor - _EPOCH) // TICK % period}, period
    if isinstance(trigger, PatternTrigger):
        times = trigger.pattern.times
        moments = {minute * 60 + second for minute in times.minutes for second in times.seconds}
        return {moment * _MILLION + times.microsecond for moment in moments}, HOUR * _MILLION
    return None


def _bounds(legs: Sequence[Trigger]) -> tuple[datetime | None, datetime | None]:
    starts, ends = [leg.start for leg in legs if leg.start], [leg.end for leg in legs if leg.end]
    return max(starts, default=None), min(ends, default=None)


def _both(one: ElapsedInterval, other: ElapsedInterval) -> ElapsedInterval | None:
    """Return the interval at which both are due (the Chinese remainder theorem, in microseconds), or None."""
    step, other_step = one.every // TICK, other.every // TICK
    common = gcd(step, other_step)
    distance = (other.anchor - one.anchor) // TICK
    if distance % common:
        return None
    times = distance // common * pow(step // common, -1, other_step // common) % (other_step // common)
    start, end = _bounds([one, other])
    both = ElapsedInterval(one.units, one.anchor, one.wall, one.kwargs, one.zone, start=start, end=end)
    try:
        both.every = step * (other_step // common) * TICK
        both.anchor = one.anchor + times * step * TICK
        if both.anchor < other.anchor:
            both.anchor += ((other.anchor - both.anchor) // both.every + 1) * both.every
    except OverflowError:
        return None
    return both
