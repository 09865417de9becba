"""Schedules declared in code: reconciling them, and calling their functions."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from schedules import calls, firing, reconcile, services
from schedules.decorators import Declaration, Declarations, from_old_form, scheduler
from schedules.exceptions import DuplicateJob
from schedules.models import Occurrence, Outcome, Reason, Schedule, SchedulerInstance
from tasks.models import Origin, Process
from tasks.services import start_process
from tests.people import somebody

TASK = "task_sync_from"


@pytest.fixture
def declare() -> Iterator[Callable[..., Declaration]]:
    """Declare a function as a schedule for the length of a test."""
    ids = []

    def declare(function: Callable[..., Any], **options: Any) -> Declaration:
        options = {"trigger": "interval", "hours": 1, "id": "job-under-test", **options}
        scheduler.scheduled_job(**options)(function)
        ids.append(options["id"])
        return scheduler.all()[options["id"]]

    yield declare
    for job_id in ids:
        scheduler.forget(job_id)


def start_two() -> None:
    start_process(TASK)
    start_process(TASK)


def break_half_way() -> None:
    start_process(TASK)
    raise LookupError("no such node\0 \ud800")


def find_nothing_to_do() -> None:
    Process.objects.exists()


def leave() -> None:
    sys.exit(3)


def due(schedule: Schedule) -> Occurrence:
    """Make the schedule due now, fire it, and return its waiting occurrence."""
    Schedule.objects.filter(id=schedule.id).update(next_due_at=timezone.now())
    firing.fire_due()
    return Occurrence.objects.filter(schedule=schedule).latest("scheduled_at")


def claimed(declaration: Declaration) -> tuple[Occurrence, Declaration, Any]:
    [found] = calls.claim([declaration.job_id], 10)
    return found


@pytest.mark.django_db
def test_a_function_is_called_and_what_it_starts_is_linked_to_its_occurrence(declare: Any) -> None:
    declaration = declare(start_two)
    schedule = reconcile.upsert(declaration)
    occurrence = due(schedule)
    assert occurrence.outcome == Outcome.CLAIMED
    assert calls.call(*claimed(declaration))
    occurrence.refresh_from_db()
    assert (occurrence.outcome, occurrence.claim_token) == (Outcome.STARTED, None)
    started = Process.objects.filter(occurrence_id=occurrence.id, schedule_id=schedule.id, origin=Origin.SCHEDULE)
    assert started.count() == 2
    assert calls.claim([declaration.job_id], 10) == []


@pytest.mark.django_db
def test_a_function_that_starts_nothing_says_so_in_its_occurrence(declare: Any) -> None:
    declaration = declare(find_nothing_to_do)
    occurrence = due(reconcile.upsert(declaration))
    assert calls.call(*claimed(declaration))
    occurrence.refresh_from_db()
    assert (occurrence.outcome, occurrence.detail) == (Outcome.STARTED, "It ran, and started nothing.")


@pytest.mark.django_db
def test_an_exception_is_recorded_with_its_traceback_and_undoes_what_was_started(declare: Any) -> None:
    declaration = declare(break_half_way)
    occurrence = due(reconcile.upsert(declaration))
    assert not calls.call(*claimed(declaration))
    occurrence.refresh_from_db()
    assert (occurrence.outcome, occurrence.reason) == (Outcome.FAILED, Reason.ERROR)
    assert occurrence.detail == "LookupError: no such node ?"
    assert "break_half_way" in occurrence.traceback
    assert not Process.objects.exists()


@pytest.mark.django_db
def test_a_function_that_exits_is_recorded_and_does_not_end_the_scheduler(declare: Any) -> None:
    declaration = declare(leave)
    occurrence = due(reconcile.upsert(declaration))
    assert not calls.call(*claimed(declaration))
    occurrence.refresh_from_db()
    assert (occurrence.outcome, occurrence.detail) == (Outcome.FAILED, "SystemExit: 3")


@pytest.mark.django_db
def test_a_call_whose_claim_was_taken_over_leaves_no_trace(declare: Any) -> None:
    declaration = declare(start_two)
    due(reconcile.upsert(declaration))
    occurrence, _declaration, token = claimed(declaration)
    Occurrence.objects.update(claim_token=uuid4())
    assert not calls.call(occurrence, declaration, token)
    assert not Process.objects.exists()
    assert Occurrence.objects.get().outcome == Outcome.CLAIMED


@pytest.mark.django_db
def test_a_dead_schedulers_claim_is_taken_over_until_it_is_given_up(declare: Any) -> None:
    declaration = declare(start_two)
    due(reconcile.upsert(declaration))
    for _attempt in range(calls.MOST_ATTEMPTS):
        claimed(declaration)
        assert calls.claim([declaration.job_id], 10) == []
        Occurrence.objects.update(claim_expires_at=timezone.now() - timedelta(seconds=1))
    assert calls.claim([declaration.job_id], 10) == []
    assert Occurrence.objects.get().outcome == Outcome.FAILED


@pytest.mark.django_db
def test_a_function_may_be_run_now_and_its_schedule_goes_on(declare: Any) -> None:
    declaration = declare(start_two)
    schedule = reconcile.upsert(declaration)
    occurrence = services.run_schedule_now(schedule.id, user=somebody("sam", "scheduler"), origin=Origin.API)
    assert (occurrence.manual, occurrence.asked_by) == (True, "sam")
    assert calls.call(*claimed(declaration))
    assert Process.objects.filter(occurrence_id=occurrence.id, origin=Origin.API).count() == 2
    before = schedule.next_due_at
    schedule.refresh_from_db()
    assert schedule.next_due_at == before


@pytest.mark.django_db
def test_a_restart_moves_no_clock(declare: Any) -> None:
    declaration = declare(start_two, hours=3)
    first = reconcile.upsert(declaration)
    anchor = first.trigger_kwargs["start_date"]
    second = reconcile.upsert(declaration)
    assert (second.version, second.next_due_at) == (first.version, first.next_due_at)
    assert second.trigger_kwargs["start_date"] == anchor


@pytest.mark.django_db
def test_a_changed_declaration_takes_effect_unless_a_person_chose_otherwise(declare: Any) -> None:
    schedule = reconcile.upsert(declare(start_two, trigger="cron", hours=None, expression="0 3 * * *"))
    changed = declare(start_two, trigger="cron", hours=None, expression="0 4 * * *", overlap="queue", name="Renamed")
    schedule = reconcile.upsert(changed)
    assert (schedule.trigger_kwargs["expression"], schedule.overlap) == ("0 4 * * *", "queue")
    services.edit_schedule(schedule.id, {"trigger_kwargs": {"expression": "0 5 * * *"}}, user=None)
    again = declare(start_two, trigger="cron", hours=None, expression="0 6 * * *")
    schedule = reconcile.upsert(again)
    assert schedule.overridden
    assert schedule.trigger_kwargs["expression"] == "0 5 * * *"
    restored = services.restore_declared_trigger(schedule.id, user=None)
    assert restored.trigger_kwargs["expression"] == "0 6 * * *"
    assert not restored.overridden


@pytest.mark.django_db
def test_what_code_no_longer_declares_is_kept_marked_and_never_fired(declare: Any) -> None:
    schedule = reconcile.upsert(declare(start_two))
    scheduler.forget("job-under-test")
    assert reconcile.mark_removed(errors={}) >= 1
    schedule.refresh_from_db()
    assert schedule.removed_from_code_at is not None
    assert schedule.next_due_at is None
    back = reconcile.upsert(declare(start_two))
    assert back.removed_from_code_at is None
    assert back.next_due_at is not None


@pytest.mark.django_db
def test_what_another_living_scheduler_declares_is_not_removed(declare: Any) -> None:
    schedule = reconcile.upsert(declare(start_two))
    scheduler.forget("job-under-test")
    now = timezone.now()
    other = SchedulerInstance.objects.create(
        hostname="old", pid=1, started_at=now, heartbeat_at=now, declared=["job-under-test"]
    )
    reconcile.mark_removed(errors={})
    schedule.refresh_from_db()
    assert schedule.removed_from_code_at is None
    other.heartbeat_at = now - timedelta(minutes=1)
    other.save()
    reconcile.mark_removed(errors={})
    schedule.refresh_from_db()
    assert schedule.removed_from_code_at is not None


@pytest.mark.django_db
def test_a_broken_schedule_file_removes_nothing(declare: Any) -> None:
    reconcile.upsert(declare(start_two))
    scheduler.forget("job-under-test")
    assert reconcile.mark_removed(errors={"netops.schedules": "SyntaxError"}) == 0


@pytest.mark.django_db
def test_a_declaration_that_makes_no_sense_is_left_out_and_the_others_stand(declare: Any) -> None:
    declare(start_two, hours=0)
    declare(break_half_way, id="sound-job")
    reconcile.reconcile_code_schedules()
    assert not Schedule.objects.filter(job_id="job-under-test").exists()
    assert Schedule.objects.filter(job_id="sound-job").exists()


@pytest.mark.django_db
def test_every_kind_of_trigger_may_be_declared(declare: Any) -> None:
    kinds: dict[str, dict[str, Any]] = {
        "interval": {"minutes": 5},
        "cron": {"day_of_week": "mon-fri", "hour": 1, "minute": 30},
        "date": {"run_date": datetime(2100, 1, 1, tzinfo=UTC)},
        "calendarinterval": {"months": 1, "hour": 4},
        "and": {
            "triggers": [
                {"trigger": "cron", "trigger_kwargs": {"hour": 9}},
                {"trigger": "cron", "trigger_kwargs": {"day_of_week": "mon", "hour": 9}},
            ]
        },
        "or": {"triggers": [{"trigger": "cron", "trigger_kwargs": {"hour": 9}}]},
    }
    for kind, fields in kinds.items():
        declaration = declare(start_two, id=f"job-{kind}", hours=None, trigger=kind, **fields)
        assert reconcile.upsert(declaration).next_due_at is not None


def test_declaring_twice_under_one_id_is_refused_except_for_a_users_own_in_place_of_a_shipped_one() -> None:
    declared = Declarations()
    declared.scheduled_job("interval", hours=1, id="nightly")(start_two)
    declared.scheduled_job("interval", hours=2, id="nightly")(start_two)
    with pytest.raises(DuplicateJob):
        declared.scheduled_job("interval", hours=1, id="nightly")(break_half_way)

    def shipped() -> None: ...

    shipped.__module__ = "schedules.jobs.nightly_sync"
    declared.scheduled_job("interval", hours=1, id="nightly")(shipped)
    assert declared.all()["nightly"].function is start_two
    declared.scheduled_job("interval", hours=1, id="other")(shipped)
    declared.scheduled_job("interval", hours=1, id="other")(start_two)
    assert declared.all()["other"].function is start_two


def test_an_async_function_is_refused_where_it_is_declared() -> None:
    async def fetch() -> None: ...

    with pytest.raises(TypeError, match=r"asyncio\.run"):
        Declarations().scheduled_job("interval", hours=1, id="fetch")(fetch)


def test_the_old_decorator_still_declares_and_warns() -> None:
    declared = Declarations()
    with pytest.warns(DeprecationWarning, match="scheduled_job"):
        declared(name="Nightly sync", time_unit="day", at="00:10")(start_two)
    [declaration] = declared.all().values()
    assert (declaration.job_id, declaration.name) == ("start_two", "Nightly sync")
    assert declaration.trigger == "cron"
    assert dict(declaration.trigger_fields) == {"hour": 0, "minute": 10}


@pytest.mark.parametrize(
    ("old", "kind", "fields"),
    [
        (("hour", 1), "interval", {"hours": 1}),
        (("seconds", 30), "interval", {"seconds": 30}),
        (("day", 1, "02:30:15"), "cron", {"hour": 2, "minute": 30, "second": 15}),
        (("day", 2, "02:30"), "calendarinterval", {"days": 2, "hour": 2, "minute": 30}),
        (("week", 1, "02:30"), "calendarinterval", {"weeks": 1, "hour": 2, "minute": 30}),
        (("hour", 1, ":45"), "cron", {"minute": 45}),
        (("monday", 1, "06:00"), "cron", {"day_of_week": "mon", "hour": 6, "minute": 0}),
    ],
)
def test_the_old_form_means_what_it_meant(old: tuple[Any, ...], kind: str, fields: dict[str, Any]) -> None:
    assert from_old_form(*old) == (kind, fields)


@pytest.mark.parametrize("old", [("fortnight", 1), ("day", 1, "noon"), ("hour", 2, ":10"), ("second", 1, ":10")])
def test_an_old_form_that_makes_no_sense_is_refused(old: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"time_unit|at="):
        from_old_form(*old)


def test_policies_by_apschedulers_names() -> None:
    declared = Declarations()
    declared.scheduled_job(
        "cron", hour=1, id="a", misfire_grace_time=None, coalesce=False, max_instances=1, replace_existing=True
    )(start_two)
    assert dict(declared.all()["a"].policies) == {
        "misfire_grace": 31_536_000, "catch_up": "all", "overlap": "skip",
    }  # fmt: skip
    assert dict(declared.all()["a"].trigger_fields) == {"hour": 1}
    with pytest.raises(ValueError, match="misfire_grace"):
        declared.scheduled_job("cron", hour=1, misfire_grace_time=-5)


@pytest.mark.django_db
def test_a_function_schedule_names_the_tasks_that_its_code_mentions(declare: Any) -> None:
    def start_either() -> None:
        for name in ("task_validate_products", "no_such_task"):
            start_process(name)

    assert reconcile.upsert(declare(start_either)).starts == ["task_validate_products"]
    assert reconcile.upsert(declare(start_two, id="other-job")).starts == [TASK]
