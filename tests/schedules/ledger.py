"""Helpers of tests about schedules: making many, and auditing the ledger against what was due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from schedules.models import Occurrence, Outcome, Schedule
from schedules.services import create_schedule
from tasks.models import Process

SECOND = timedelta(seconds=1)
TASK = "task_sync_from"


def every_second(count: int, **values: Any) -> dict[UUID, datetime]:
    """Create that many schedules, due every second unless `values` say otherwise; return their first due times."""
    values = {"workflow_name": TASK, "trigger": "interval", "trigger_kwargs": {"seconds": 1}, "user": None, **values}
    created = [create_schedule(name=f"every second {number}", **values) for number in range(count)]
    return {schedule.id: _cursor(schedule) for schedule in created}


@dataclass
class Audit:
    """The ledger of schedules against their due times. `lag` is the largest time from due to accepted, in seconds."""

    due: int
    missing: int
    doubled: int
    unstarted: int
    without_process: int
    lag: float


def audit(first: dict[UUID, datetime], every: timedelta = SECOND) -> Audit:
    """Compare the occurrences of each schedule with its due times from the first one up to its cursor."""
    schedules = Schedule.objects.in_bulk(list(first))
    occurrences = list(Occurrence.objects.filter(schedule_id__in=first, manual=False))
    per_due = Counter((occurrence.schedule_id, occurrence.scheduled_at) for occurrence in occurrences)
    processes = Counter(_process_occurrences(first))
    wanted = {
        (key, begin + number * every)
        for key, begin in first.items()
        for number in range(round((_cursor(schedules[key]) - begin) / every))
    }
    started = [occurrence for occurrence in occurrences if occurrence.outcome == Outcome.STARTED]
    accepted = dict(Process.objects.filter(schedule_id__in=first).values_list("occurrence_id", "started_at"))
    return Audit(
        due=len(wanted),
        missing=len(wanted - set(per_due)),
        doubled=sum(count > 1 for count in per_due.values())
        + sum(count > 1 for count in processes.values())
        + len(set(per_due) - wanted),
        unstarted=len(occurrences) - len(started),
        without_process=sum(processes[occurrence.id] != 1 for occurrence in started),
        lag=max(
            (_seconds(accepted[item.id] - item.scheduled_at) for item in started if item.id in accepted), default=0
        ),
    )


def _seconds(lag: timedelta) -> float:
    return lag.total_seconds()


def _cursor(schedule: Schedule) -> datetime:
    assert schedule.next_due_at is not None
    return schedule.next_due_at


def _process_occurrences(ids: Iterable[UUID]) -> list[UUID | None]:
    return list(Process.objects.filter(schedule_id__in=list(ids)).values_list("occurrence_id", flat=True))
