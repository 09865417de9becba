"""Locks the rows of schedules that are due, the quick way: this runs whenever a schedule fires.

Only the columns that firing needs are read, by a statement that the server has prepared. Rows that another transaction
holds are skipped over.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import JSONField

from accounts.models import User
from schedules.models import Schedule
from schedules.stored_triggers import VERSION
from tasks import sql

BATCH = 500
# What fell due within this time is fired before what lies longer back: after an outage, the present comes first.
FRESH = timedelta(minutes=1)

_NEEDED = {
    "id", "name", "workflow_id", "user_inputs", "owner_id", "system", "job_id", "function", "trigger", "trigger_kwargs",
    "trigger_version", "time_zone", "next_due_at", "misfire_grace", "catch_up", "catch_up_limit", "overlap",
    "skip_next", "enabled", "version",
}  # fmt: skip
_FIELDS = [field for field in Schedule._meta.concrete_fields if field.attname in _NEEDED]
_NAMES = [field.attname for field in _FIELDS]
_LOCK = f"""
    SELECT {", ".join(field.column for field in _FIELDS)}
      FROM schedules_schedule
     WHERE enabled AND next_due_at IS NOT NULL AND next_due_at > %s AND next_due_at <= %s
       AND trigger_version <= %s AND removed_from_code_at IS NULL AND id <> ALL (%s)
     ORDER BY next_due_at LIMIT %s
       FOR UPDATE SKIP LOCKED
"""  # noqa: S608  (names of columns)


def due_schedules(
    now: datetime, *, leave: Collection[UUID] = (), limit: int = BATCH, oldest: datetime | None = None
) -> list[Schedule]:
    """Lock and return schedules that are due and that nobody else holds: what fell due just now first.

    `oldest` is the earliest cursor, where it is known: without anything older, one statement is enough.
    """
    fresh = now - FRESH
    found = _locked(fresh, now, leave, limit)
    if len(found) < limit and (oldest is None or oldest <= fresh):
        found += _locked(datetime.min.replace(tzinfo=UTC), fresh, leave, limit - len(found))
    owners = User.objects.in_bulk({each.owner_id for each in found if each.owner_id is not None}) if found else {}
    for schedule in found:
        if schedule.owner_id is not None:
            schedule.owner = owners.get(schedule.owner_id)
    return found


def lock_one(schedule_id: UUID) -> list[Schedule]:
    """Lock and return one enabled schedule, or nothing when it is gone or somebody else holds it."""
    locked = Schedule.objects.select_for_update(skip_locked=True, of=("self",)).select_related("owner")
    return list(locked.filter(id=schedule_id, enabled=True))


def _locked(after: datetime, until: datetime, leave: Collection[UUID], limit: int) -> list[Schedule]:
    rows = sql.fetch(_LOCK, (after, until, VERSION, list(leave), limit))
    return [Schedule.from_db("default", _NAMES, _values(row)) for row in rows]


def _values(row: tuple[Any, ...]) -> list[Any]:
    """Return a row's values as the model has them: JSON arrives as text."""
    return [
        json.loads(value) if isinstance(field, JSONField) else value for field, value in zip(_FIELDS, row, strict=True)
    ]
