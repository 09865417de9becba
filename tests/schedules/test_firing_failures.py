"""Firing where one schedule is broken, or the database refuses it: the others fire, and the one says what happened."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

from schedules import services
from schedules.backlog import write_backlog
from schedules.models import Backlog, Occurrence, Outcome, Reason, Schedule
from tasks.models import Workflow
from tests.schedules.test_firing import HOUR, MINUTE, NOON, SECOND, TASK, finish_processes, fire_at, ledger, schedule

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "damage",
    [{"trigger_kwargs": {"minutes": "many"}}, {"trigger_kwargs": []}, {"time_zone": "Mars/Olympus"}],
)
def test_an_unreadable_trigger_is_parked_and_the_others_fire(damage: dict[str, Any]) -> None:
    broken, sound = schedule(), schedule()
    Schedule.objects.filter(id=broken.id).update(**damage)
    fire_at(NOON)
    broken.refresh_from_db()
    assert broken.parked_reason
    assert broken.next_due_at is None
    assert ledger(schedule=broken) == [(0, Outcome.FAILED, Reason.ERROR)]
    assert ledger(schedule=sound) == [(0, Outcome.STARTED, "")]
    finish_processes()
    fire_at(NOON + MINUTE)
    assert len(ledger(schedule=sound)) == 2
    assert len(ledger(schedule=broken)) == 1


def test_a_repaired_trigger_runs_again() -> None:
    broken = schedule()
    Schedule.objects.filter(id=broken.id).update(trigger_kwargs={"minutes": "many"})
    fire_at(NOON)
    with time_machine.travel(NOON + SECOND, tick=False):
        changes = {"trigger": "interval", "trigger_kwargs": {"minutes": 1, "start_date": NOON.isoformat()}}
        repaired = services.edit_schedule(broken.id, changes, user=None)
    assert (repaired.parked_reason, repaired.next_due_at) == ("", NOON + MINUTE)


def test_a_trigger_of_a_newer_version_is_left_to_newer_schedulers() -> None:
    newer = schedule()
    Schedule.objects.filter(id=newer.id).update(trigger_version=2)
    assert fire_at(NOON).schedules == 0
    newer.refresh_from_db()
    assert (newer.parked_reason, newer.next_due_at) == ("", NOON)


def test_a_missing_task_is_recorded_and_shown_until_it_is_back() -> None:
    planned, sound = schedule(), schedule()
    Schedule.objects.filter(id=planned.id).update(workflow="task_renamed")
    fire_at(NOON)
    planned.refresh_from_db()
    assert ledger(schedule=planned) == [(0, Outcome.FAILED, Reason.ERROR)]
    assert ledger(schedule=sound) == [(0, Outcome.STARTED, "")]
    assert "task_renamed" in planned.parked_reason
    assert planned.next_due_at == NOON + MINUTE
    Schedule.objects.filter(id=planned.id).update(workflow=TASK)
    fire_at(NOON + MINUTE)
    planned.refresh_from_db()
    assert ledger(schedule=planned)[-1] == (60, Outcome.STARTED, "")
    assert planned.parked_reason == ""


def test_a_schedule_outlives_its_task() -> None:
    planned = schedule()
    Workflow.objects.filter(name=TASK).delete()
    fire_at(NOON)
    assert ledger() == [(0, Outcome.FAILED, Reason.ERROR)]
    assert Schedule.objects.filter(id=planned.id).exists()


def refuse(table: str, refused: Schedule) -> None:
    """Let the database refuse every new row of a table that belongs to the schedule."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE FUNCTION refuse_{table}() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE check_violation USING MESSAGE = 'refused by the test'; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER refuse_{table} BEFORE INSERT ON {table} FOR EACH ROW "
            f"WHEN (NEW.schedule_id = '{refused.id}') EXECUTE FUNCTION refuse_{table}()"
        )


def test_what_one_schedule_cannot_start_is_recorded_and_the_others_fire() -> None:
    broken, sound = schedule(), schedule()
    refuse("tasks_process", broken)
    fired = fire_at(NOON)
    assert fired.schedules == 2
    assert ledger(schedule=broken) == [(0, Outcome.FAILED, Reason.ERROR)]
    assert "refused by the test" in Occurrence.objects.get(schedule=broken).detail
    assert ledger(schedule=sound) == [(0, Outcome.STARTED, "")]
    broken.refresh_from_db()
    assert broken.next_due_at == NOON + timedelta(seconds=60), "the next due time is tried anew"


def test_a_schedule_of_which_nothing_can_be_recorded_is_parked_and_the_others_fire() -> None:
    broken, sound = schedule(), schedule()
    refuse("tasks_process", broken)
    refuse("schedules_occurrence", broken)
    fire_at(NOON)
    broken.refresh_from_db()
    assert broken.next_due_at is None
    assert "refused by the test" in broken.parked_reason
    assert ledger(schedule=broken) == []
    assert ledger(schedule=sound) == [(0, Outcome.STARTED, "")]


def test_due_times_that_are_in_the_ledger_already_are_passed_over() -> None:
    """As after a clock that was set back, or a cursor that somebody moved by hand."""
    again, sound = schedule(overlap="allow"), schedule()
    Occurrence.objects.create(schedule=again, scheduled_at=NOON, fired_at=NOON, outcome=Outcome.STARTED)
    assert fire_at(NOON).schedules == 2
    assert ledger(schedule=again) == [(0, Outcome.STARTED, "")]
    assert ledger(schedule=sound) == [(0, Outcome.STARTED, "")]
    fire_at(NOON + timedelta(seconds=60))
    assert ledger(schedule=again)[1:] == [(60, Outcome.STARTED, "")]


@pytest.mark.parametrize("damage", [{"trigger_kwargs": {"minutes": "many"}}, {"time_zone": "Mars/Olympus"}])
def test_a_stretch_whose_trigger_cannot_be_read_is_given_up_and_the_next_one_written(damage: dict[str, Any]) -> None:
    stretches = {"trigger": "interval", "time_zone": "UTC", "outcome": Outcome.MISSED, "reason": Reason.LATE,
                 "noticed_at": NOON}  # fmt: skip
    kwargs = {"seconds": 60, "start_date": NOON.isoformat()}
    broken, sound = (
        Backlog.objects.create(schedule=schedule(), after=NOON, before=NOON + HOUR, trigger_kwargs=kwargs, **stretches)
        for _ in range(2)
    )
    Backlog.objects.filter(id=broken.id).update(**damage)
    with time_machine.travel(NOON + HOUR + SECOND, tick=False):
        while write_backlog():
            pass
    assert not Backlog.objects.exists()
    assert ledger(schedule=broken.schedule) == []
    assert len(ledger(schedule=sound.schedule)) == 59
