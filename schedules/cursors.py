"""Moves the cursors of fired schedules, by compare-and-set, and their copies in APScheduler's table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from schedules import projection
from schedules.ledger import storable
from schedules.models import Schedule


class CursorMoved(Exception):
    """Somebody else moved a cursor although its row was locked: the whole transaction must be undone."""


def move_cursors(moves: Sequence[tuple[Schedule, datetime | None, str]]) -> None:
    """Move each schedule's cursor from where it was read to the next due time, and note what ails it (or nothing).

    Clears `skip_next`, which firing has used up. Raises CursorMoved unless every cursor was still where it was read.
    """
    if not moves:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE schedules_schedule AS schedule "
            "SET next_due_at = moved.next_due, parked_reason = moved.trouble, skip_next = false "
            "FROM jsonb_to_recordset(%s::jsonb) "
            "AS moved (id uuid, was timestamptz, next_due timestamptz, trouble text) "
            "WHERE schedule.id = moved.id AND schedule.next_due_at = moved.was",
            [json.dumps([_moved(*move) for move in moves])],
        )
        if cursor.rowcount != len(moves):
            raise CursorMoved
    projection.project_cursors([schedule.id for schedule, _next, _trouble in moves])


def _moved(schedule: Schedule, following: datetime | None, trouble: str) -> dict[str, str | None]:
    assert schedule.next_due_at is not None  # noqa: S101  (it was due)
    return {
        "id": str(schedule.id),
        "was": schedule.next_due_at.isoformat(),
        "next_due": None if following is None else following.isoformat(),
        "trouble": storable(trouble),
    }
