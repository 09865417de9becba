"""Reads the stored triggers of schedules, each version of each row once.

A row with a newer trigger version than `VERSION` is left to schedulers that know it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from uuid import UUID

from schedules.exceptions import UnreadableTrigger
from schedules.models import Backlog, Schedule
from schedules.triggers import VERSION, Trigger, TriggerError, load

__all__ = ["VERSION", "read", "trigger_of"]

_KEPT = 20_000
_cache: OrderedDict[UUID, tuple[tuple[object, ...], Trigger]] = OrderedDict()
_lock = threading.Lock()


def trigger_of(schedule: Schedule) -> Trigger:
    """Return the schedule's trigger. Raises UnreadableTrigger when its stored form means nothing to this code."""
    key = (schedule.version, schedule.trigger, schedule.time_zone, repr(schedule.trigger_kwargs))
    with _lock:
        kept = _cache.get(schedule.id)
        if kept is not None and kept[0] == key:
            _cache.move_to_end(schedule.id)
            return kept[1]
    trigger = read(schedule)
    with _lock:
        _cache[schedule.id] = (key, trigger)
        while len(_cache) > _KEPT:
            _cache.popitem(last=False)
    return trigger


def read(row: Schedule | Backlog) -> Trigger:
    """Read a row's trigger. Raises UnreadableTrigger."""
    owner, version = (row.id, row.trigger_version) if isinstance(row, Schedule) else (row.schedule_id, VERSION)
    try:
        return load(row.trigger, row.trigger_kwargs, version=version, time_zone=row.time_zone, salt=str(owner))
    except TriggerError as error:
        raise UnreadableTrigger(str(error)) from error
    except Exception as error:  # whatever a row holds, it is this row's trouble alone
        raise UnreadableTrigger(f"{type(error).__name__}: {error}") from error
