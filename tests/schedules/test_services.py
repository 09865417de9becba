"""Creating, editing, pausing and running schedules through the services."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django_apscheduler.models import DjangoJob

from accounts.audit import changed_by, changes_of
from accounts.models import User
from schedules import services
from schedules.exceptions import Conflict, InvalidSchedule, NotPermitted, ScheduleError, ScheduleNotFound
from schedules.models import Backlog, Occurrence, Outcome, Reason, Schedule
from schedules.projection import rebuild
from schedules.services.outage import Size
from tasks.models import Origin, Process

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TASK = "task_sync_from"
HOUR = timedelta(hours=1)


def person(name: str, *roles: str) -> User:
    user = User.objects.create_user(name)
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def hourly(user: User | None = None, **changes: Any) -> Schedule:
    values = {"trigger": "cron", "trigger_kwargs": {"expression": "0 * * * *"}, "name": "Hourly", **changes}
    return services.create_schedule(workflow_name=TASK, user=user, **values)


@time_machine.travel(NOON + timedelta(minutes=10), tick=False)
def test_a_new_schedule_knows_its_next_due_time_and_has_its_copy_in_apschedulers_table() -> None:
    schedule = hourly()
    assert schedule.next_due_at == NOON + HOUR
    job = DjangoJob.objects.get(id=str(schedule.id))
    assert job.next_run_time == NOON + HOUR
    assert bytes(job.job_state).startswith(b"{")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"trigger": "weekly"}, "trigger"),
        ({"trigger_kwargs": {"expression": "61 * * * *"}}, "trigger_kwargs.expression"),
        ({"trigger_kwargs": []}, "trigger_kwargs"),
        ({"trigger": "interval", "trigger_kwargs": {"minutes": 0}}, "trigger_kwargs.minutes"),
        ({"trigger": "date", "trigger_kwargs": {"run_date": "2020-01-01T00:00:00"}}, "trigger_kwargs.run_date"),
        ({"time_zone": "Mars/Olympus"}, "trigger_kwargs.timezone"),
        ({"overlap": "sometimes"}, "overlap"),
        ({"catch_up": 3}, "catch_up"),
        ({"catch_up_limit": 0}, "catch_up_limit"),
        ({"misfire_grace": -1}, "misfire_grace"),
        ({"misfire_grace": True}, "misfire_grace"),
        ({"tags": "core"}, "tags"),
        ({"colour": "red"}, "colour"),
        ({"user_inputs": {"node": 1}}, "user_inputs"),
    ],
)
def test_a_wrong_value_is_refused_beside_its_field_and_nothing_is_created(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidSchedule) as refused:
        hourly(**changes)
    assert list(refused.value.errors) == [field]
    assert not Schedule.objects.exists()


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(InvalidSchedule) as refused:
        services.create_schedule(
            name="x", workflow_name="task_unknown", trigger="interval", trigger_kwargs={"minutes": 1}, user=None
        )
    assert list(refused.value.errors) == ["workflow_name"]


def test_only_who_may_schedule_creates_and_changes_schedules() -> None:
    scheduler, viewer, stranger = person("sam", "scheduler"), person("vic", "viewer"), person("zoe")
    schedule = hourly(scheduler)
    with pytest.raises(NotPermitted):
        hourly(viewer)
    with pytest.raises(NotPermitted):
        services.pause_schedule(schedule.id, user=viewer)
    with pytest.raises(ScheduleNotFound):
        services.pause_schedule(schedule.id, user=stranger)
    assert list(services.visible_schedules(viewer)) == [schedule]
    assert not services.visible_schedules(stranger).exists()
    assert not services.available_actions(schedule, viewer)["edit"].allowed


def test_an_edit_of_somebody_elses_inputs_makes_the_editor_the_owner() -> None:
    sam, eve = person("sam", "scheduler"), person("eve", "scheduler")
    schedule = hourly(sam)
    services.edit_schedule(schedule.id, {"name": "Hers"}, user=eve)
    schedule.refresh_from_db()
    assert schedule.owner == sam
    services.edit_schedule(schedule.id, {"user_inputs": []}, user=eve)
    schedule.refresh_from_db()
    assert schedule.owner == eve


def test_an_edit_with_an_old_version_is_a_conflict() -> None:
    schedule = hourly()
    services.pause_schedule(schedule.id, user=None)
    with pytest.raises(Conflict):
        services.edit_schedule(schedule.id, {"name": "Mine"}, user=None, expected_version=schedule.version)


def test_an_edit_moves_the_next_due_time_and_refused_ones_change_nothing() -> None:
    with time_machine.travel(NOON + timedelta(minutes=10), tick=False):
        schedule = hourly()
        services.edit_schedule(schedule.id, {"trigger_kwargs": {"expression": "30 * * * *"}}, user=None)
        schedule.refresh_from_db()
        assert schedule.next_due_at == NOON + timedelta(minutes=30)
        with pytest.raises(InvalidSchedule):
            services.edit_schedule(schedule.id, {"trigger_kwargs": {"expression": "nonsense"}, "name": "X"}, user=None)
        schedule.refresh_from_db()
        assert (schedule.name, schedule.next_due_at) == ("Hourly", NOON + timedelta(minutes=30))
        assert DjangoJob.objects.get(id=str(schedule.id)).next_run_time == schedule.next_due_at


@pytest.mark.parametrize("change", ["edit", "pause", "skip"])
def test_a_due_time_that_has_passed_is_settled_before_a_change(change: str) -> None:
    with time_machine.travel(NOON + timedelta(minutes=10), tick=False) as clock:
        schedule = hourly()
        clock.move_to(NOON + HOUR + timedelta(seconds=1))
        if change == "edit":
            services.edit_schedule(schedule.id, {"trigger_kwargs": {"expression": "59 23 * * *"}}, user=None)
        elif change == "pause":
            services.pause_schedule(schedule.id, user=None)
        else:
            services.skip_next(schedule.id, user=None)
    due = list(Occurrence.objects.order_by("scheduled_at").values_list("scheduled_at", "outcome"))
    assert due == [(NOON + HOUR, Outcome.STARTED)]
    assert Process.objects.filter(schedule_id=schedule.id).count() == len(due)


def test_a_paused_schedule_has_no_next_run_and_tells_afterwards_what_it_left_out() -> None:
    with time_machine.travel(NOON + timedelta(minutes=10), tick=False) as clock:
        schedule = hourly()
        paused = services.pause_schedule(schedule.id, user=None, reason="Maintenance")
        assert paused.next_due_at is None
        assert DjangoJob.objects.get(id=str(schedule.id)).next_run_time is None
        clock.move_to(NOON + 3 * HOUR + timedelta(minutes=10))
        resumed = services.resume_schedule(schedule.id, user=None)
        assert resumed.next_due_at == NOON + 4 * HOUR
    from schedules.backlog import write_backlog

    assert write_backlog()
    assert not write_backlog()
    found = Occurrence.objects.order_by("scheduled_at").values_list("scheduled_at", "outcome", "reason", "detail")
    assert list(found) == [(NOON + hours * HOUR, Outcome.SKIPPED, Reason.PAUSED, "Maintenance") for hours in (1, 2, 3)]
    assert not Process.objects.exists()


def test_a_pause_ends_by_itself_and_a_due_time_at_its_end_runs() -> None:
    from schedules.services.pausing import resume_elapsed

    with time_machine.travel(NOON + timedelta(minutes=10), tick=False) as clock:
        schedule = hourly()
        services.pause_schedule(schedule.id, user=None, until=NOON + 2 * HOUR)
        clock.move_to(NOON + 2 * HOUR)
        assert resume_elapsed(NOON + 2 * HOUR) == 1
    schedule.refresh_from_db()
    assert schedule.enabled
    assert schedule.next_due_at == NOON + 2 * HOUR
    assert Backlog.objects.count() == 1


def test_a_pause_cannot_end_in_the_past() -> None:
    schedule = hourly()
    with pytest.raises(InvalidSchedule):
        services.pause_schedule(schedule.id, user=None, until=datetime(2020, 1, 1, tzinfo=UTC))


def test_run_now_starts_a_process_and_leaves_the_schedule_alone() -> None:
    user = person("sam", "scheduler")
    schedule = hourly()
    occurrence = services.run_schedule_now(schedule.id, user=user)
    process = Process.objects.get(occurrence_id=occurrence.id)
    assert occurrence.manual
    assert (occurrence.asked_by, occurrence.origin, process.origin) == ("sam", Origin.CODE, Origin.CODE)
    assert (process.created_by, process.schedule_id) == (user, schedule.id)
    before = schedule.next_due_at
    schedule.refresh_from_db()
    assert schedule.next_due_at == before


def test_a_deleted_schedule_leaves_its_processes() -> None:
    schedule = hourly()
    services.run_schedule_now(schedule.id, user=None)
    services.delete_schedule(schedule.id, user=None)
    assert not Schedule.objects.exists()
    assert not DjangoJob.objects.exists()
    assert Process.objects.count() == 1
    with pytest.raises(ScheduleNotFound):
        services.delete_schedule(schedule.id, user=None)


def test_many_are_paused_at_once_and_refusals_are_told_singly() -> None:
    viewer, sam = person("vic", "viewer"), person("sam", "scheduler")
    ids = [hourly().id for _number in range(3)]
    assert [result.ok for result in services.bulk_pause(ids, user=sam, reason="Freeze")] == [True] * 3
    refused = services.bulk_resume(ids, user=viewer)
    assert [result.ok for result in refused] == [False] * 3
    assert all(result.message for result in refused)
    assert Schedule.objects.filter(enabled=False, paused_reason="Freeze").count() == 3


def missed(schedule: Schedule, count: int) -> None:
    Occurrence.objects.bulk_create(
        Occurrence(
            schedule=schedule,
            scheduled_at=NOON + number * HOUR,
            fired_at=NOON,
            outcome=Outcome.MISSED,
            reason=Reason.LATE,
        )
        for number in range(count)
    )


@pytest.mark.parametrize(("which", "started"), [("latest", 1), ("all", 3), ("none", 0)])
def test_what_was_missed_is_listed_and_started_as_decided(which: str, started: int) -> None:
    user = person("sam", "scheduler")
    schedule = hourly()
    missed(schedule, 3)
    [entry] = services.outage_report(user)
    assert (entry.schedule, entry.count, entry.first_at, entry.last_at) == (schedule, 3, NOON, NOON + 2 * HOUR)
    assert entry.latest is not None
    assert entry.latest.scheduled_at == NOON + 2 * HOUR
    assert [result.ok for result in services.start_missed([schedule.id], which, user=user)] == [True]
    assert services.outage_report(user) == []
    assert Process.objects.filter(schedule_id=schedule.id).count() == started
    assert Occurrence.objects.filter(outcome=Outcome.STARTED).count() == started
    assert Occurrence.objects.filter(decided_by=user).count() == 3


def test_what_is_made_up_for_says_who_asked_through_which_door() -> None:
    user = person("sam", "scheduler")
    schedule = hourly()
    missed(schedule, 2)
    services.start_missed([schedule.id], "latest", user=user, origin=Origin.PAGE)
    process = Process.objects.get(schedule_id=schedule.id)
    made_up = Occurrence.objects.get(outcome=Outcome.STARTED)
    assert (process.origin, process.created_by, process.occurrence_id) == (Origin.PAGE, user, made_up.id)
    assert (made_up.origin, made_up.asked_by, made_up.manual) == (Origin.PAGE, "sam", False)
    assert Occurrence.objects.get(outcome=Outcome.MISSED).asked_by == ""


def test_a_function_that_is_made_up_for_has_it_in_its_trail() -> None:
    user = person("sam", "scheduler")
    schedule = Schedule.objects.create(
        name="Nightly", function="a.b", job_id="nightly", trigger="interval", trigger_kwargs={"hours": 1}
    )
    missed(schedule, 2)
    with changed_by(user, door="page"):
        services.start_missed([schedule.id], "none", user=user, origin=Origin.PAGE)
    assert "run" not in {change.kind for change in changes_of(schedule)}
    missed_again = Occurrence.objects.create(
        schedule=schedule, scheduled_at=NOON + 5 * HOUR, fired_at=NOON, outcome=Outcome.MISSED, reason=Reason.LATE
    )
    with changed_by(user, door="page"):
        services.start_missed([schedule.id], "all", user=user, origin=Origin.PAGE)
    missed_again.refresh_from_db()
    assert (missed_again.outcome, missed_again.origin, missed_again.asked_by) == (Outcome.CLAIMED, Origin.PAGE, "sam")
    latest = changes_of(schedule)[0]
    assert (latest.kind, latest.who) == ("run", "sam")


def test_an_outage_of_many_schedules_is_decided_on_by_parts_the_latest_first() -> None:
    user = person("sam", "scheduler")
    several = [hourly(name=f"Hourly {number}") for number in range(3)]
    for number, schedule in enumerate(several, 1):
        missed(schedule, number)
    assert services.outage_size(user) == Size(schedules=3, due_times=6)
    assert [entry.schedule for entry in services.outage_report(user, limit=2)] == [several[2], several[1]]
    services.start_missed([several[2].id, several[1].id], "none", user=user)
    assert [entry.schedule for entry in services.outage_report(user, limit=2)] == [several[0]]
    assert services.outage_size(user) == Size(schedules=1, due_times=1)
    assert services.outage_size(user, since=NOON + HOUR) == Size(schedules=0, due_times=0)


def test_what_is_declared_in_code_cannot_be_deleted() -> None:
    schedule = hourly()
    Schedule.objects.filter(id=schedule.id).update(job_id="nightly")
    with pytest.raises(ScheduleError):
        services.delete_schedule(schedule.id, user=None)


def test_apschedulers_table_is_rebuilt_from_the_schedules_whatever_happened_to_it() -> None:
    kept, lost, changed = (hourly(name=name) for name in ("kept", "lost", "changed"))
    DjangoJob.objects.filter(id=str(lost.id)).delete()
    DjangoJob.objects.filter(id=str(changed.id)).update(next_run_time=None, job_state=b"\x80\x04.")
    DjangoJob.objects.create(id="stranger", next_run_time=NOON, job_state=b"cos\nsystem\n(S'true'\ntR.")
    assert rebuild() == 3
    assert rebuild() == 0
    rows = dict(DjangoJob.objects.values_list("id", "next_run_time"))
    assert rows == {str(schedule.id): schedule.next_due_at for schedule in (kept, lost, changed)}
