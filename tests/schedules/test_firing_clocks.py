"""What the preview shows is what the scheduler makes, where clocks change in odd ways: every kind, in stored rows.

The golden table (test_triggers_dst.py) says what is right; here are zones whose clocks skip midnight, go back into the
day before, change for a month of fasting, or skip two hours.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db.models import Min

from schedules import firing, services
from schedules.models import Occurrence, Outcome, Schedule
from schedules.stored_triggers import trigger_of
from schedules.triggers import preview
from tests.schedules.triggers import leg

pytestmark = pytest.mark.django_db

DAYS = timedelta(days=2, hours=6)
# By what the clocks do: zone, a moment (UTC) of the eve, and the hour (local) that is skipped or comes twice.
CHANGES = {
    "midnight is skipped": ("America/Santiago", datetime(2026, 9, 5, 16, tzinfo=UTC), 0),
    "back into the day before": ("Asia/Beirut", datetime(2025, 10, 25, 9, tzinfo=UTC), 23),
    "for a month of fasting": ("Africa/Casablanca", datetime(2026, 2, 14, 12, tzinfo=UTC), 2),
    "two hours": ("Antarctica/Troll", datetime(2026, 3, 28, 12, tzinfo=UTC), 1),
}


def triggers(hour: int, eve: datetime) -> list[tuple[str, dict[str, Any]]]:
    """Return triggers of all kinds that are due in that hour, or around it."""
    daily = leg("cron", expression=f"30 {hour} * * *")
    start = (eve - timedelta(days=3)).replace(tzinfo=None, hour=hour, minute=10).isoformat()
    return [
        ("cron", daily["trigger_kwargs"]),
        ("cron", {"expression": f"0,45 {hour},3,22 * * *"}),
        ("cron", {"expression": f"15 {hour} * * *", "jitter": 3000}),
        ("cron", {"expression": "*/40 0-4 * * *", "start_date": (eve + timedelta(hours=5)).isoformat()}),
        ("cron", {"hour": hour, "minute": 5}),
        ("interval", {"days": 1, "start_date": start}),
        ("interval", {"minutes": 300, "jitter": 900}),
        ("interval", {"days": 1, "hours": 1, "start_date": start}),
        ("calendarinterval", {"days": 1, "hour": hour, "minute": 20, "start_date": start[:10]}),
        ("date", {"run_date": (eve + timedelta(days=1)).isoformat()}),
        ("and", {"triggers": [daily, leg("interval", minutes=30, start_date="2010-01-01T00:00:00Z")]}),
        ("or", {"triggers": [daily, leg("and", triggers=[daily, leg("cron", expression="*/30 * * * *")]),
                             leg("interval", hours=7)], "end_date": (eve + timedelta(days=2)).isoformat()}),
    ]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_the_scheduler_makes_what_the_preview_shows(change: str) -> None:
    zone, eve, hour = CHANGES[change]
    Schedule.objects.all().delete()
    with time_machine.travel(eve, tick=False) as clock:
        shown: dict[Any, list[datetime]] = {}
        for kind, kwargs in triggers(hour, eve):
            planned = services.create_schedule(
                name=f"{kind} {kwargs}"[:100], workflow_name="task_sync_from", trigger=kind, trigger_kwargs=kwargs,
                time_zone=zone, user=None,
            )  # fmt: skip
            due_times = preview(trigger_of(planned), count=100, after=eve - timedelta(microseconds=1)).due_times
            shown[planned.id] = [due.at for due in due_times if due.at <= eve + DAYS]
        # Nobody looks for hours, then at each due time: what was missed meanwhile is of the same series.
        clock.move_to(eve + timedelta(hours=9))
        while (due := Schedule.objects.aggregate(due=Min("next_due_at"))["due"]) and due <= eve + DAYS:
            clock.move_to(max(due, eve + timedelta(hours=9)))
            firing.fire_due()
    made: dict[Any, list[datetime]] = {key: [] for key in shown}
    for key, at in Occurrence.objects.order_by("scheduled_at").values_list("schedule_id", "scheduled_at"):
        made[key].append(at)
    names = dict(Schedule.objects.values_list("id", "name"))
    assert {names[key]: times for key, times in made.items()} == {names[key]: times for key, times in shown.items()}
    assert all(shown.values())
    assert not Schedule.objects.exclude(parked_reason="").exists()
    assert not Occurrence.objects.filter(outcome=Outcome.FAILED).exists()
