"""Writes APScheduler's rows (`DjangoJob`) as a copy of ours, in the transaction of whoever changes a schedule.

`next_run_time` is the cursor's copy and `job_state` is JSON: nothing here is ever pickled or unpickled. Whatever
happens to these rows, `rebuild` makes them again from `Schedule`.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

# What is said of a schedule that changed in any way, to live pages; and of one that was edited, to schedulers.
CHANNEL = "orchestrator_schedule"
EDITED = "orchestrator_schedule_edited"

_ROWS = """
    SELECT id::text AS id,
           CASE WHEN enabled THEN next_due_at END AS next_run_time,
           convert_to(jsonb_build_object(
               'version', 1, 'schedule', id, 'name', name, 'trigger', trigger, 'trigger_kwargs', trigger_kwargs,
               'time_zone', time_zone)::text, 'UTF8') AS job_state
      FROM schedules_schedule
"""
_WRONG = f"""
    SELECT wanted.id::uuid FROM ({_ROWS}) AS wanted
      LEFT JOIN django_apscheduler_djangojob AS job ON job.id = wanted.id
     WHERE job.id IS NULL OR job.next_run_time IS DISTINCT FROM wanted.next_run_time
           OR job.job_state IS DISTINCT FROM wanted.job_state
"""  # noqa: S608
_UPSERT = """
    ON CONFLICT (id) DO UPDATE SET next_run_time = excluded.next_run_time, job_state = excluded.job_state
     WHERE (django_apscheduler_djangojob.next_run_time, django_apscheduler_djangojob.job_state)
           IS DISTINCT FROM (excluded.next_run_time, excluded.job_state)
"""
_INSERT = "INSERT INTO django_apscheduler_djangojob (id, next_run_time, job_state)"


def project(schedule_ids: Sequence[UUID]) -> None:
    """Copy these schedules into APScheduler's table; those that no longer exist leave it."""
    ids = list(schedule_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_apscheduler_djangojob WHERE id = ANY(%s) AND id NOT IN "
            "(SELECT id::text FROM schedules_schedule WHERE id = ANY(%s))",
            [[str(schedule_id) for schedule_id in ids], ids],
        )
        cursor.execute(f"{_INSERT} {_ROWS} WHERE id = ANY(%s) {_UPSERT}", [ids])


def rebuild() -> int:
    """Make APScheduler's table equal to ours; return the number of rows that had to change."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_apscheduler_djangojob AS job WHERE NOT EXISTS "
            "(SELECT FROM schedules_schedule AS schedule WHERE schedule.id::text = job.id)"
        )
        removed = cursor.rowcount
        cursor.execute(_WRONG)
        wrong = [row[0] for row in cursor.fetchall()]
        # Only those that differ are locked. SKIP LOCKED: whoever fires or edits one projects it as well.
        cursor.execute(f"{_INSERT} {_ROWS} WHERE id = ANY(%s) FOR UPDATE SKIP LOCKED {_UPSERT}", [wrong])
        return int(removed + cursor.rowcount)


def notify(schedule_ids: Sequence[UUID], *, edited: bool = False) -> None:
    """Tell live pages, and with `edited` the schedulers too, what changed; sent when the transaction commits."""
    channels = [CHANNEL, EDITED] if edited else [CHANNEL]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify(channel, id::text) FROM unnest(%s::text[]) AS channel, unnest(%s::uuid[]) AS id",
            [channels, list(schedule_ids)],
        )
