"""A random delay that is the same whenever it is asked for.

Each due time is delayed by 0 to `jitter` whole seconds, drawn from the due time itself and the trigger's salt. The
delay never reaches the next due time, the next local day or past the end: so due times keep their order, none
vanishes, and delays never add up.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from hashlib import blake2b
from typing import Protocol
from zoneinfo import ZoneInfo

from schedules.triggers.dst import TICK, resolve
from schedules.triggers.errors import SearchLimitReached

SECOND = timedelta(seconds=1)


class Delayable(Protocol):
    """The part of a trigger that is needed here."""

    zone: ZoneInfo
    end: datetime | None
    jitter: int
    salt: str

    def undelayed_after(self, after: datetime) -> datetime | None:
        """Return the first due time strictly later than `after`, before any random delay."""

    def within(self, after: datetime, until: datetime) -> datetime | None:
        """Return `undelayed_after(after)` when it is not later than `until`."""


def next_after(trigger: Delayable, after: datetime) -> datetime | None:
    """Return the first delayed due time strictly later than `after`."""
    due = _last_undelayed(trigger, after) or trigger.undelayed_after(after)
    while due is not None:
        delayed = due + delay(trigger, due)
        if delayed > after:
            return delayed
        due = trigger.undelayed_after(due)
    return None


def undelayed(trigger: Delayable, delayed: datetime) -> datetime:
    """Return the due time that was delayed to `delayed`."""
    return (_last_undelayed(trigger, delayed) if trigger.jitter else None) or delayed


def delay(trigger: Delayable, due: datetime) -> timedelta:
    """Return how long that due time is delayed."""
    tomorrow = (due.astimezone(trigger.zone) + timedelta(days=1)).date()
    bounds = [resolve(datetime.combine(tomorrow, time()), trigger.zone) - TICK]
    try:
        following = trigger.undelayed_after(due)
    except SearchLimitReached as reached:
        following = reached.searched_to
    if following:
        bounds.append(following - TICK)
    if trigger.end:
        bounds.append(trigger.end)
    most = max(0, min(trigger.jitter, (min(bounds) - due) // SECOND))
    digest = blake2b(f"{trigger.salt}|{due.isoformat()}".encode(), digest_size=8).digest()
    return timedelta(seconds=int.from_bytes(digest) * (most + 1) >> 64)


def _last_undelayed(trigger: Delayable, until: datetime) -> datetime | None:
    """Return the last undelayed due time in the `jitter` seconds up to `until`: only that one may still be to come."""
    low, high = timedelta(), timedelta(seconds=trigger.jitter + 1)
    found = trigger.within(until - high, until)
    while found is not None and high - low > SECOND:
        middle = low + (high - low) / 2
        if closer := trigger.within(until - middle, until):
            found, high = closer, middle
        else:
            low = middle
    while found is not None and (later := trigger.within(found, until)):
        found = later
    return found
