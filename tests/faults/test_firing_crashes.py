"""A scheduler that dies anywhere in the firing transaction leaves every due time to the next one, whole."""

from __future__ import annotations

import gc
import os
import signal
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from schedules import firing
from schedules.calls import Calls, call, claim
from schedules.decorators import Declaration, scheduler
from schedules.models import Occurrence, Outcome, Schedule
from schedules.reconcile import upsert
from tasks.models import Process
from tasks.services import start_process
from tests.schedules.ledger import TASK, every_second
from tests.system import System

# Exit code of a child that neither died nor came to its end: it lost its connection, which a fork makes possible.
DISTURBED = 1


class DieAt:
    """Kills its own process before, or after, the statement with that number."""

    def __init__(self, number: int, *, after: bool) -> None:
        self.left = number
        self.after = after

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        self.left -= 1
        if self.left < 0 and not self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = execute(*arguments)
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


def in_child(work: Callable[[], object]) -> int:
    """Run `work` in a forked process with a connection of its own; return its exit code, negative for a signal.

    The child collects no garbage: what earlier tests left behind must not close files that the child has opened anew.
    """
    connections.close_all()
    gc.collect()
    gc.freeze()
    child = os.fork()
    if child == 0:
        gc.disable()
        code = DISTURBED
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            connections.close_all()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def fire_and_die(number: int, *, after: bool) -> int:
    def work() -> None:
        with connection.execute_wrapper(DieAt(number, after=after)):
            firing.fire_due()

    return in_child(work)


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_statement_of_the_firing_transaction(system: System, after: bool) -> None:
    ids = list(every_second(5, trigger_kwargs={"hours": 1}))
    number, crashes, disturbances = 0, 0, 0
    while True:
        due = timezone.now() - timedelta(seconds=1)
        Schedule.objects.filter(id__in=ids).update(next_due_at=due)
        known = Occurrence.objects.count()
        code = fire_and_die(number, after=after)
        if code == -signal.SIGKILL:
            crashes += 1
            assert Occurrence.objects.count() == known, f"a part was committed at statement {number}"
            assert Process.objects.count() == known
            firing.fire_due()
        elif code == DISTURBED and (disturbances := disturbances + 1) <= 5:
            assert Occurrence.objects.count() == known, "a part was committed by a child that lost its connection"
            continue
        else:
            assert code == 0
        assert Occurrence.objects.filter(scheduled_at=due, outcome=Outcome.STARTED).count() == len(ids)
        assert Process.objects.count() == Occurrence.objects.filter(outcome=Outcome.STARTED).count()
        assert not Schedule.objects.filter(id__in=ids, next_due_at__lte=due).exists()
        if code == 0:
            break
        number += 1
    assert crashes >= 10, "the wrapper no longer sees the statements"
    assert len(system.sql("SELECT id FROM procrastinate_jobs")) == Process.objects.count()


def start_one() -> None:
    start_process(TASK)


@pytest.fixture
def declaration() -> Any:
    scheduler.scheduled_job("interval", hours=1, id="crash-test")(start_one)
    yield scheduler.all()["crash-test"]
    scheduler.forget("crash-test")


def test_a_crash_at_any_statement_of_a_function_call(system: System, declaration: Declaration) -> None:
    schedule = upsert(declaration)
    number, disturbances = 0, 0
    while True:
        known = Process.objects.count()
        Schedule.objects.filter(id=schedule.id).update(next_due_at=timezone.now())
        firing.fire_due()
        [claimed] = claim([declaration.job_id], 1)

        def die(number: int = number, claimed: Any = claimed) -> None:
            with connection.execute_wrapper(DieAt(number, after=True)):
                call(*claimed)

        code = in_child(die)
        lost = Occurrence.objects.filter(detail__contains="closed the connection", outcome=Outcome.FAILED).count()
        if lost > disturbances and lost <= 5:
            disturbances = lost
            assert Process.objects.count() == known
            continue
        if code == 0:
            assert Process.objects.count() == known + 1
            break
        assert Process.objects.count() == known
        assert Occurrence.objects.filter(outcome=Outcome.CLAIMED).count() == 1
        expire_claims()
        [again] = claim([declaration.job_id], 1)
        assert call(*again)
        assert Process.objects.filter(occurrence_id=again[0].id).count() == 1
        number += 1
    assert number >= 3


def test_a_claim_is_kept_while_its_function_runs(system: System, declaration: Declaration) -> None:
    schedule = upsert(declaration)
    Schedule.objects.filter(id=schedule.id).update(next_due_at=timezone.now())
    firing.fire_due()
    calls = Calls()
    [(occurrence, _declaration, token)] = claim([declaration.job_id], 1)
    calls._running[occurrence.id] = token
    expire_claims()
    calls.renew()
    assert claim([declaration.job_id], 1) == []


def expire_claims() -> None:
    with transaction.atomic():
        Occurrence.objects.filter(outcome=Outcome.CLAIMED).update(
            claim_expires_at=timezone.now() - timedelta(seconds=1)
        )
