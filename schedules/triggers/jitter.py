"""A random delay that is the same whenever it is asked for.

Each due time is delayed by 0 to `jitter` whole seconds, drawn from the due time itself and the trigger's salt. The
delay never reaches the next due time, the next local day or past the end: so due times keep their order, none
vanishes, and delays never add up.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

from schedules.triggers.dst import TICK, resolve
from schedules.triggers.errors import SearchLimitReached

if TYPE_CHECKING:
    from schedules.triggers.base import Trigger

SECOND = timedelta(seconds=1)


def next_after(trigger: Trigger, after: datetime) -> datetime | None:
    """Return the first delayed due time strictly later than `after`."""
    due = _last_undelayed(trigger, after) or trigger.undelayed_after(after)
    while due is not None:
        delayed = due + delay(trigger, due)
        if delayed > after:
            return delayed
        due = trigger.undelayed_after(due)
    return None


def undelayed(trigger: Trigger, delayed: datetime) -> datetime:
    """Return the due time that was delayed to `delayed`."""
    return (_last_undelayed(trigger, delayed) if trigger.jitter else None) or delayed


def delay(trigger: Trigger, due: datetime) -> timedelta:
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


def _last_undelayed(trigger: Trigger, until: datetime) -> datetime | None:
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
