"""`scheduler show-schedule` tells of each schedule what it starts, when, and why it will not run."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from schedules.models import Schedule
from tests.schedules.pages import made, occurrence

pytestmark = pytest.mark.django_db


def shown(*options: str) -> str:
    out = StringIO()
    call_command("scheduler", "show-schedule", *options, stdout=out)
    return out.getvalue()


def line_of(schedule: Schedule, *options: str) -> str:
    [line] = [line for line in shown(*options).splitlines() if str(schedule.pk) in line]
    return line


def test_a_schedule_that_runs_says_when_in_words_and_next() -> None:
    schedule = made(None, "Nightly sync of everything")
    line = line_of(schedule)
    assert "Nightly sync of everything" in line
    assert "task_sync_from" in line
    assert schedule.next_due_at is not None
    assert timezone.localtime(schedule.next_due_at).isoformat(sep=" ", timespec="seconds") in line


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"enabled": False}, "paused"),
        ({"enabled": False, "paused_reason": "rack move"}, "paused: rack move"),
        ({"parked_reason": "Its trigger cannot be read"}, "cannot run: Its trigger cannot be read"),
        ({"next_due_at": None}, "never again"),
        ({"removed_from_code_at": timezone.now()}, "never: removed from code"),
    ],
)
def test_one_that_does_not_run_says_why(values: dict[str, object], told: str) -> None:
    schedule = made(None)
    Schedule.objects.filter(pk=schedule.pk).update(**values)
    assert told in line_of(schedule)


def test_a_trigger_that_nobody_can_read_is_told_and_hides_nothing() -> None:
    schedule, other = made(None, "broken"), made(None, "whole")
    Schedule.objects.filter(pk=schedule.pk).update(trigger_kwargs={"expression": "nonsense"}, version=2)
    assert "cannot be read" in line_of(schedule)
    assert "whole" in line_of(other)


def test_details_are_the_policies_and_what_became_of_the_last_due_time() -> None:
    schedule = made(None)
    last = occurrence(schedule, 5, "missed", reason="late")
    assert f"{last.scheduled_at:%Y-%m-%d %H:%M:%S} missed late" in line_of(schedule, "-v")
    assert f"{schedule.misfire_grace} s" in line_of(schedule, "-v")


def test_what_is_declared_and_not_yet_written_says_so() -> None:
    [line] = [line for line in shown().splitlines() if line.startswith("nightly-sync")]
    assert line.rstrip().endswith("when a scheduler runs")
