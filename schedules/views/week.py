"""Everything that will run in the next seven days, day by day, in the viewer's zone.

What runs often would bury the rest: it is listed once, in words. The work is bounded whatever is scheduled: at most
`SCHEDULES` schedules with at most `TIMES` due times each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from schedules.filters import ScheduleFilter, kept
from schedules.views.due import times_before, trigger_of
from schedules.views.finding import visible
from tasks.registry import label

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from schedules.models import Schedule

DAYS = 7
SCHEDULES = 100
CROWDED = 16  # runs a day
TIMES = 21  # three a day; what runs more often is "around the clock"


@dataclass
class Run:
    """One due time in the week."""

    at: datetime
    schedule: Schedule
    task: str
    skipped: bool = False


@dataclass
class Day:
    """One day of the week with what runs then."""

    date: date
    runs: list[Run] = field(default_factory=list)

    @property
    def hours(self) -> list[tuple[datetime, list[Run]]]:
        """The runs by hour, where there are too many to be read one by one; else nothing."""
        if len(self.runs) <= CROWDED:
            return []
        by_hour = groupby(
            self.runs, key=lambda run: timezone.localtime(run.at).replace(minute=0, second=0, microsecond=0)
        )
        return [(hour, list(runs)) for hour, runs in by_hour]


@login_required
@require_safe
def week(request: HttpRequest) -> HttpResponse:
    """Show what will run until this time next week."""
    now = timezone.now()
    end = now + timedelta(days=DAYS)
    narrowed = ScheduleFilter(request.GET, visible(request).filter(enabled=True, next_due_at__lt=end))
    due = narrowed.qs.order_by("next_due_at", "id") if narrowed.is_valid() else narrowed.queryset.none()
    schedules = list(due[: SCHEDULES + 1])
    today = timezone.localdate()
    days = {today + timedelta(days=n): Day(today + timedelta(days=n)) for n in range(DAYS + 1)}
    often = []
    for schedule in schedules[:SCHEDULES]:
        trigger = trigger_of(schedule)
        if trigger is None:
            continue
        times = times_before(schedule, end, TIMES + 1)
        task = str(label(schedule.workflow_name)) if schedule.workflow_name else schedule.function
        if len(times) > TIMES:
            often.append((schedule, task, trigger.describe()))
            continue
        for number, at in enumerate(times):
            day = days.get(timezone.localdate(at))
            if day is not None:
                day.runs.append(Run(at, schedule, task, skipped=schedule.skip_next and number == 0))
    for day in days.values():
        day.runs.sort(key=lambda run: run.at)
    context = {
        "days": list(days.values()),
        "often": often,
        "capped": len(schedules) > SCHEDULES,
        "limit": SCHEDULES,
        "filter": narrowed,
        "chosen": kept(request.GET.dict()),
        "nothing": not schedules,
    }
    return render(request, "schedules/week.html", context)
