"""The firing transaction: what becomes of due times under every policy."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import Group
from django_apscheduler.models import DjangoJob

from accounts.models import User
from schedules import firing, services
from schedules.backlog import write_backlog
from schedules.models import Backlog, Occurrence, Outcome, Reason, Schedule
from schedules.queued import start_queued
from tasks.models import EngineSettings, Process, ProcessStatus

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TASK = "task_sync_from"
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def schedule(seconds: int = 60, **changes: Any) -> Schedule:
    """Create, at noon, a schedule that is due at noon for the first time and then every so many seconds."""
    with time_machine.travel(NOON - SECOND, tick=False):
        values: dict[str, Any] = {
            "trigger": "interval",
            "trigger_kwargs": {"seconds": seconds, "start_date": NOON.isoformat()},
            "user": None,
            "overlap": "skip",
            **changes,
        }
        return services.create_schedule(name="Test", workflow_name=TASK, **values)


def fire_at(now: datetime) -> firing.Fired:
    """Fire until nothing is due, with the clock standing at `now`."""
    total = firing.Fired()
    with time_machine.travel(now, tick=False):
        while (fired := firing.fire_due(now=now)).schedules:
            total.add(fired)
    return total


def ledger(**filters: Any) -> list[tuple[int, str, str]]:
    """Return (seconds after noon, outcome, reason) of every occurrence."""
    found = Occurrence.objects.filter(**filters).order_by("scheduled_at")
    return [((row.scheduled_at - NOON) // SECOND, row.outcome, row.reason) for row in found]


def finish_processes(status: ProcessStatus = ProcessStatus.COMPLETED) -> None:
    """End every process that has not ended, as a worker would."""
    Process.objects.filter(status=ProcessStatus.CREATED).update(status=ProcessStatus.RUNNING, lease_token=uuid4())
    Process.objects.filter(status=ProcessStatus.RUNNING).update(status=status, lease_token=None)


def test_a_due_time_becomes_an_occurrence_and_a_process_and_the_cursor_moves() -> None:
    planned = schedule()
    fired = fire_at(NOON)
    assert (fired.schedules, fired.occurrences) == (1, 1)
    occurrence = Occurrence.objects.get()
    process = Process.objects.get()
    assert (occurrence.scheduled_at, occurrence.outcome) == (NOON, Outcome.STARTED)
    assert (process.occurrence_id, process.schedule_id) == (occurrence.id, planned.id)
    planned.refresh_from_db()
    assert planned.next_due_at == NOON + MINUTE
    assert DjangoJob.objects.get(id=str(planned.id)).next_run_time == NOON + MINUTE


def test_nothing_fires_before_its_time_or_while_paused() -> None:
    planned = schedule()
    assert fire_at(NOON - timedelta(microseconds=1)).schedules == 0
    with time_machine.travel(NOON - SECOND, tick=False):
        services.pause_schedule(planned.id, user=None)
    assert fire_at(NOON + HOUR).schedules == 0
    assert ledger() == []


def test_many_schedules_fire_together_and_each_keeps_its_own_time() -> None:
    for seconds in (60, 120, 180):
        schedule(seconds)
    fire_at(NOON)
    finish_processes()
    fire_at(NOON + MINUTE)
    finish_processes()
    fire_at(NOON + 2 * MINUTE)
    assert Counter(seconds for seconds, _outcome, _reason in ledger()) == {0: 3, 60: 1, 120: 2}
    assert {outcome for _seconds, outcome, _reason in ledger()} == {Outcome.STARTED}


def test_a_run_that_is_still_going_makes_the_next_one_skip() -> None:
    schedule()
    fire_at(NOON)
    fire_at(NOON + MINUTE)
    finish_processes()
    fire_at(NOON + 2 * MINUTE)
    assert ledger() == [
        (0, Outcome.STARTED, ""),
        (60, Outcome.SKIPPED, Reason.OVERLAP),
        (120, Outcome.STARTED, ""),
    ]


def test_a_failed_run_is_not_going() -> None:
    schedule()
    fire_at(NOON)
    finish_processes(ProcessStatus.FAILED)
    fire_at(NOON + MINUTE)
    assert [outcome for _seconds, outcome, _reason in ledger()] == [Outcome.STARTED] * 2


def test_overlapping_runs_are_allowed_when_so_chosen() -> None:
    schedule(overlap="allow")
    fire_at(NOON)
    fire_at(NOON + MINUTE)
    assert Process.objects.count() == 2


def test_one_run_waits_for_its_turn_and_further_ones_are_skipped() -> None:
    schedule(overlap="queue")
    for minutes in range(3):
        fire_at(NOON + minutes * MINUTE)
    assert ledger() == [
        (0, Outcome.STARTED, ""),
        (60, Outcome.CLAIMED, Reason.OVERLAP),
        (120, Outcome.SKIPPED, Reason.OVERLAP),
    ]
    assert not start_queued()
    finish_processes()
    assert start_queued()
    assert ledger(outcome=Outcome.STARTED) == [(0, Outcome.STARTED, ""), (60, Outcome.STARTED, "")]
    assert Process.objects.count() == 2
    assert not start_queued()


def test_skip_next_leaves_out_one_run() -> None:
    planned = schedule()
    with time_machine.travel(NOON - SECOND, tick=False):
        services.skip_next(planned.id, user=None)
    fire_at(NOON)
    fire_at(NOON + MINUTE)
    assert ledger() == [(0, Outcome.SKIPPED, Reason.SKIP_NEXT), (60, Outcome.STARTED, "")]


def test_while_the_engine_is_locked_due_times_are_skipped_with_that_reason() -> None:
    schedule()
    EngineSettings.objects.update_or_create(id=1, defaults={"global_lock": True})
    fire_at(NOON)
    EngineSettings.objects.update(global_lock=False)
    fire_at(NOON + MINUTE)
    assert ledger() == [(0, Outcome.SKIPPED, Reason.ENGINE_LOCKED), (60, Outcome.STARTED, "")]


def test_due_times_may_be_held_until_the_engine_is_unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schedules.decisions.LOCK_HOLDS", True)  # a setting, read at import
    schedule()
    EngineSettings.objects.update_or_create(id=1, defaults={"global_lock": True})
    fire_at(NOON)
    assert ledger() == [(0, Outcome.STARTED, "")]
    assert Process.objects.get().status == ProcessStatus.CREATED


def test_an_owner_who_may_not_start_the_task_any_more_starts_nothing() -> None:
    sam = User.objects.create_user("sam")
    sam.groups.add(Group.objects.get(name="scheduler"))
    schedule(user=sam)
    fire_at(NOON)
    sam.groups.set([Group.objects.get(name="viewer")])
    finish_processes()
    fire_at(NOON + MINUTE)
    assert ledger() == [(0, Outcome.STARTED, ""), (60, Outcome.SKIPPED, Reason.PERMISSION)]
    sam.groups.set([Group.objects.get(name="scheduler")])
    sam.delete()
    fire_at(NOON + 2 * MINUTE)
    assert ledger()[-1] == (120, Outcome.SKIPPED, Reason.PERMISSION)
    assert Process.objects.count() == 1
    ada = User.objects.create_user("ada")
    ada.groups.add(Group.objects.get(name="admin"))
    with time_machine.travel(NOON + 2 * MINUTE + SECOND, tick=False):
        services.take_ownership(Schedule.objects.get().pk, user=ada)
    fire_at(NOON + 3 * MINUTE)
    assert ledger()[-1] == (180, Outcome.STARTED, "")
    assert Process.objects.filter(created_by=ada).count() == 1


@pytest.mark.parametrize(
    ("catch_up", "overlap", "started"),
    [("skip", "allow", 1), ("latest", "allow", 1), ("all", "allow", 6)],
)
def test_an_hour_of_downtime_of_a_minutely_schedule(catch_up: str, overlap: str, started: int) -> None:
    """61 due times; the last one is within the grace of 30 s whatever the policy."""
    schedule(catch_up=catch_up, catch_up_limit=5, overlap=overlap, misfire_grace=30)
    fire_at(NOON + HOUR + 5 * SECOND)
    outcomes = Counter(outcome for _seconds, outcome, _reason in ledger())
    assert outcomes == {Outcome.STARTED: started, Outcome.MISSED: 61 - started}
    assert Process.objects.count() == started


@pytest.mark.parametrize(("catch_up", "started"), [("skip", 0), ("latest", 1), ("all", 3)])
def test_due_times_that_are_all_late(catch_up: str, started: int) -> None:
    schedule(3600, catch_up=catch_up, catch_up_limit=3, overlap="allow")
    fire_at(NOON + 5 * HOUR + 30 * MINUTE)
    found = ledger()
    assert [outcome for _seconds, outcome, _reason in found] == [Outcome.MISSED] * (6 - started) + [
        Outcome.STARTED
    ] * started
    assert {reason for _seconds, outcome, reason in found if outcome == Outcome.MISSED} <= {Reason.LATE}


def test_runs_that_catch_up_wait_for_each_other_when_they_may_not_overlap() -> None:
    schedule(3600, catch_up="all", catch_up_limit=3)
    fire_at(NOON + 5 * HOUR + 30 * MINUTE)
    assert Counter(outcome for _seconds, outcome, _reason in ledger()) == {
        Outcome.MISSED: 3,
        Outcome.STARTED: 1,
        Outcome.CLAIMED: 2,
    }
    for started in (2, 3):
        finish_processes()
        assert start_queued()
        assert Process.objects.count() == started
    assert Occurrence.objects.filter(outcome=Outcome.STARTED).count() == 3


def test_a_long_outage_is_written_behind_what_is_due_now_and_every_due_time_once() -> None:
    planned = schedule(1, overlap="allow", misfire_grace=2)
    now = NOON + HOUR
    fire_at(now)
    planned.refresh_from_db()
    assert planned.next_due_at == now + SECOND
    assert Backlog.objects.count() == 1
    assert [outcome for seconds, outcome, _reason in ledger() if seconds >= 3598] == [Outcome.STARTED] * 3
    fire_at(now + SECOND)
    while write_backlog():
        pass
    assert [seconds for seconds, _outcome, _reason in ledger()] == list(range(3602))
    assert Counter(outcome for _seconds, outcome, _reason in ledger()) == {Outcome.STARTED: 4, Outcome.MISSED: 3598}
    assert not Backlog.objects.exists()


def test_what_was_missed_says_how_late_it_was_noticed() -> None:
    schedule(3600, catch_up="skip")
    fire_at(NOON + HOUR + 30 * MINUTE)
    details = Occurrence.objects.order_by("scheduled_at").values_list("detail", flat=True)
    assert list(details) == ["1:30:00", "0:30:00"]


def test_a_late_one_off_asks_before_it_runs() -> None:
    planned = schedule(trigger="date", trigger_kwargs={"run_date": NOON.isoformat()}, catch_up="all")
    fire_at(NOON + HOUR)
    assert ledger() == [(0, Outcome.MISSED, Reason.LATE)]
    assert not Process.objects.exists()
    [asked] = services.outage_report(None)
    assert asked.schedule == planned
    assert services.start_missed([planned.id], "latest", user=None)[0].ok
    assert Process.objects.count() == 1


def test_a_one_off_runs_once_and_has_no_next_run() -> None:
    planned = schedule(trigger="date", trigger_kwargs={"run_date": NOON.isoformat()})
    fire_at(NOON + SECOND)
    fire_at(NOON + HOUR)
    planned.refresh_from_db()
    assert ledger() == [(0, Outcome.STARTED, "")]
    assert planned.next_due_at is None


def test_a_due_time_in_the_ledger_is_never_fired_again_even_when_the_clock_is_set_back() -> None:
    planned = schedule(overlap="allow")
    fire_at(NOON)
    Schedule.objects.filter(id=planned.id).update(next_due_at=NOON)
    fire_at(NOON + SECOND)
    planned.refresh_from_db()
    assert ledger() == [(0, Outcome.STARTED, "")]
    assert planned.next_due_at == NOON + MINUTE
    assert Process.objects.count() == 1
