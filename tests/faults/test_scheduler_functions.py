"""A function of a code schedule is called again when its scheduler dies or its connection breaks, and starts once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from schedules import calls, firing, forcing
from schedules.decorators import Declaration, scheduler
from schedules.models import Occurrence, Outcome, Reason, Schedule
from schedules.reconcile import upsert
from tasks.models import Process
from tasks.services import start_process
from tests.constants import constants
from tests.faults.test_scheduler_kills import alive
from tests.system import System

JOB = "slow-job"


def test_schedulers_are_killed_while_they_call_a_function(system: System, long_run: bool) -> None:
    system.env |= {"DECLARED_IN_TESTS": "1", **constants({"schedules.calls.CLAIM": 7})}  # renewed every five
    schedulers = [system.scheduler(), system.scheduler()]
    alive(system, schedulers)
    schedule = Schedule.objects.get(job_id=JOB)
    called = Occurrence.objects.filter(schedule=schedule, outcome=Outcome.CLAIMED, claim_token__isnull=False)
    for number in range(10 if long_run else 2):
        system.wait_for(called.exists, 60)
        time.sleep(1)
        # Both: whichever is calling the function dies while it does.
        for each in schedulers:
            each.kill()
            each.wait()
        assert Process.objects.filter(occurrence_id__in=called.values("id")).count() == 0, number
        schedulers = [system.scheduler(), system.scheduler()]
        alive(system, schedulers)
    system.wait_for(lambda: Occurrence.objects.filter(schedule=schedule, outcome=Outcome.STARTED).count() >= 3, 90)
    assert [each.stop() for each in schedulers] == [0, 0]
    started = set(Occurrence.objects.filter(schedule=schedule, outcome=Outcome.STARTED).values_list("id", flat=True))
    processes = Counter(Process.objects.filter(schedule_id=schedule.id).values_list("occurrence_id", flat=True))
    assert processes == dict.fromkeys(started, 2)
    assert not Occurrence.objects.filter(schedule=schedule, outcome=Outcome.FAILED).exists()


@pytest.fixture
def called(system: System) -> Iterator[Callable[[Callable[[], object]], tuple[bool, Occurrence]]]:
    """Call a function once as a schedule's, on a claim of its own; return whether it came to its end, and the row."""

    def call(function: Callable[[], object]) -> tuple[bool, Occurrence]:
        scheduler.forget("cut-off")
        scheduler.scheduled_job("interval", hours=1, id="cut-off")(function)
        schedule = upsert(scheduler.all()["cut-off"])
        Occurrence.objects.filter(outcome=Outcome.CLAIMED).delete()
        Schedule.objects.filter(id=schedule.id).update(next_due_at=timezone.now())
        firing.fire_due()
        [found] = calls.claim(["cut-off"], 1)
        return calls.call(*found), Occurrence.objects.get(id=found[0].id)

    yield call
    scheduler.forget("cut-off")


def cut() -> None:
    with suppress(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def cut_after_a_start() -> None:
    start_process("task_sync_from")
    cut()


def cut_and_complain() -> None:
    cut_after_a_start()
    raise LookupError("no answer")


def time_out() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 10")
        cursor.execute("SELECT pg_sleep(10)")


@pytest.mark.parametrize("function", [cut_after_a_start, cut_and_complain])
def test_a_function_whose_connection_breaks_is_called_again(called: Any, function: Callable[[], object]) -> None:
    finished, occurrence = called(function)
    assert not finished
    assert (occurrence.outcome, occurrence.reason) == (Outcome.CLAIMED, Reason.NONE)
    assert not Process.objects.exists()
    assert calls.claim(["cut-off"], 1) == [], "its claim has not run out"
    Occurrence.objects.update(claim_expires_at=timezone.now())
    [(again, _declaration, token)] = calls.claim(["cut-off"], 1)
    assert again.id == occurrence.id
    sound = Declaration("cut-off", "", lambda: start_process("task_sync_from"), "interval", {})
    assert calls.call(again, sound, token)
    assert Process.objects.get().occurrence_id == occurrence.id


def test_an_error_of_the_functions_own_statement_is_its_failure(called: Any) -> None:
    finished, occurrence = called(time_out)
    assert not finished
    assert (occurrence.outcome, occurrence.reason) == (Outcome.FAILED, Reason.ERROR)
    assert "statement timeout" in occurrence.detail


def test_a_function_that_always_cuts_its_connection_is_given_up(called: Any) -> None:
    _finished, occurrence = called(cut_and_complain)
    Occurrence.objects.update(attempts=calls.MOST_ATTEMPTS, claim_expires_at=timezone.now())
    assert calls.claim(["cut-off"], 1) == []
    occurrence.refresh_from_db()
    assert (occurrence.outcome, occurrence.reason) == (Outcome.FAILED, Reason.ERROR)
    assert "cut off" in occurrence.detail


def test_a_forced_call_that_is_cut_off_is_recorded(called: Any) -> None:
    called(cut_and_complain)
    [failure] = forcing.force("cut-off")
    assert "connection" in failure
    assert Occurrence.objects.get(manual=True).outcome == Outcome.FAILED
