"""Moves the cursors of fired schedules, by compare-and-set, and their copies in APScheduler's table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from schedules.ledger import storable
from schedules.models import Schedule
from schedules.projection import CHANNEL
from tasks import sql


class CursorMoved(Exception):
    """Somebody else moved a cursor although its row was locked: the whole transaction must be undone."""


_MOVE = """
    WITH moved AS (
        UPDATE schedules_schedule AS schedule
           SET next_due_at = target.next_due, parked_reason = target.trouble, skip_next = false
          FROM jsonb_to_recordset(%s::jsonb) AS target (id uuid, was timestamptz, next_due timestamptz, trouble text)
         WHERE schedule.id = target.id AND schedule.next_due_at = target.was
        RETURNING schedule.id, schedule.next_due_at, schedule.enabled
    ), projected AS (
        UPDATE django_apscheduler_djangojob AS job
           SET next_run_time = CASE WHEN moved.enabled THEN moved.next_due_at END
          FROM moved WHERE job.id = moved.id::text
    )
    SELECT pg_notify(%s, id::text) FROM moved
"""


def move_cursors(moves: Sequence[tuple[Schedule, datetime | None, str]]) -> None:
    """Move each schedule's cursor from where it was read to the next due time, and note what ails it (or nothing).

    Clears `skip_next`, which firing has used up, moves the copies along, and tells live pages. Raises CursorMoved
    unless every cursor was still where it was read.
    """
    if moves and len(sql.fetch(_MOVE, (json.dumps([_moved(*move) for move in moves]), CHANNEL))) != len(moves):
        raise CursorMoved


def _moved(schedule: Schedule, following: datetime | None, trouble: str) -> dict[str, str | None]:
    assert schedule.next_due_at is not None  # noqa: S101  (it was due)
    return {
        "id": str(schedule.id),
        "was": schedule.next_due_at.isoformat(),
        "next_due": None if following is None else following.isoformat(),
        "trouble": storable(trouble),
    }
