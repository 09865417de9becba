"""What tests of pages share: schedules and occurrences at hand, addresses, and what a page says."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from schedules import services
from schedules.models import Occurrence, Outcome, Schedule
from tasks.models import Process, ProcessStatus, Workflow

TASK = "task_sync_from"
CRON = {"workflow_name": TASK, "kind": "cron", "expression": "*/1 * * * *", "timezone": "UTC"}


def made(user: User | None, name: str = "Every night", **values: Any) -> Schedule:
    arguments: dict[str, Any] = {
        "name": name,
        "workflow_name": TASK,
        "trigger": "cron",
        "trigger_kwargs": {"expression": "30 1 * * *"},
        "time_zone": "Europe/London",
        **values,
    }
    return services.create_schedule(user=user, **arguments)


def occurrence(schedule: Schedule, minutes_ago: float, outcome: str = Outcome.STARTED, **values: Any) -> Occurrence:
    due = timezone.now() - timedelta(minutes=minutes_ago)
    fired = due + timedelta(milliseconds=14)
    return Occurrence.objects.create(schedule=schedule, scheduled_at=due, fired_at=fired, outcome=outcome, **values)


def address(name: str, schedule: Schedule | None = None) -> str:
    return reverse(f"schedules:{name}", args=[schedule.pk] if schedule else [])


def run(occurrence: Occurrence) -> Process:
    """Return a finished process that the occurrence started."""
    now = timezone.now()
    return Process.objects.create(
        workflow=Workflow.objects.get(name=TASK),
        status=ProcessStatus.COMPLETED,
        started_at=now,
        last_modified_at=now,
        completed_at=now,
        schedule_id=occurrence.schedule_id,
        occurrence_id=occurrence.pk,
    )


def without_times(html: str) -> str:
    """Leave out what differs from second to second."""
    return re.sub(r"<time.*?</time>", "", html)


def edit_data(schedule: Schedule, **values: str) -> dict[str, str]:
    return {
        "version": str(schedule.version),
        "workflow_name": TASK,
        "name": schedule.name,
        "kind": "daily",
        "daily_time": "01:30",
        "timezone": schedule.time_zone,
        **values,
    }
