"""Moves the cursors of fired schedules, by compare-and-set, and their copies in APScheduler's table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from schedules import projection
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
            "FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::text[]) "
            "AS moved (id, was, next_due, trouble) "
            "WHERE schedule.id = moved.id AND schedule.next_due_at = moved.was",
            [
                [schedule.id for schedule, _next, _trouble in moves],
                [schedule.next_due_at for schedule, _next, _trouble in moves],
                [following for _schedule, following, _trouble in moves],
                [trouble for _schedule, _next, trouble in moves],
            ],
        )
        if cursor.rowcount != len(moves):
            raise CursorMoved
    projection.project_cursors([schedule.id for schedule, _next, _trouble in moves])
