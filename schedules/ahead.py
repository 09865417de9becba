"""Looks ahead, with one statement each, so that schedulers with nothing to do cost next to nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from schedules.stored_triggers import VERSION
from tasks import sql

_AHEAD = """
    SELECT (SELECT min(next_due_at) FROM schedules_schedule
             WHERE enabled AND next_due_at IS NOT NULL AND trigger_version <= %s AND removed_from_code_at IS NULL
               AND id <> ALL (%s)),
           (SELECT min(paused_until) FROM schedules_schedule WHERE NOT enabled AND paused_until IS NOT NULL),
           clock_timestamp()
"""
_WAITING = """
    SELECT EXISTS (SELECT FROM schedules_occurrence
                    WHERE outcome = 'claimed' AND reason = '' AND claim_expires_at <= %s),
           EXISTS (SELECT FROM schedules_occurrence WHERE outcome = 'claimed' AND reason = 'overlap'),
           EXISTS (SELECT FROM schedules_backlog)
"""


@dataclass(frozen=True)
class Ahead:
    """The earliest cursor, the earliest end of a pause, and what the database's clock showed."""

    due: datetime | None
    resumes: datetime | None
    clock: datetime

    def reached(self, now: datetime) -> bool:
        """Tell whether one of them is not in the future."""
        return any(moment is not None and moment <= now for moment in (self.due, self.resumes))


@dataclass(frozen=True)
class Waiting:
    """Whether functions wait to be called, runs for the end of the previous one, missed times to be written."""

    calls: bool
    runs: bool
    backlog: bool


def look_ahead(leave: Collection[UUID] = ()) -> Ahead:
    """Return when the loop has something to do; what is to be left to other schedulers does not count."""
    [row] = sql.fetch(_AHEAD, (VERSION, list(leave)))
    return Ahead(*row)


def look_behind(now: datetime) -> Waiting:
    """Return what the background thread has to do."""
    [row] = sql.fetch(_WAITING, (now,))
    return Waiting(*row)
