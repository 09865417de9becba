"""A scheduler that dies anywhere in the firing transaction leaves every due time to the next one, whole."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from schedules import firing
from schedules.calls import Calls, call, claim
from schedules.decorators import Declaration, scheduler
from schedules.models import Occurrence, Outcome, Schedule
from schedules.reconcile import upsert
from tasks.models import Process
from tests.faults.crashing import JOB, Nursery, declare
from tests.schedules.ledger import every_second
from tests.system import System


@pytest.fixture(scope="module")
def fresh() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_statement_of_the_firing_transaction(system: System, fresh: Nursery, when: str) -> None:
    ids = list(every_second(5, trigger_kwargs={"hours": 1}))
    number, code, committed = 0, -signal.SIGKILL, []
    while code:
        due = timezone.now() - timedelta(seconds=1)
        Schedule.objects.filter(id__in=ids).update(next_due_at=due)
        known = Occurrence.objects.count()
        code = fresh.ask(system, "firing", number, when)
        if code:
            assert code == -signal.SIGKILL
            committed.append(Occurrence.objects.count() == known + len(ids))
            assert committed[-1] or Occurrence.objects.count() == known, f"a part was committed at statement {number}"
            assert Process.objects.count() == Occurrence.objects.count()
            firing.fire_due()
            number += 1
        assert Occurrence.objects.filter(scheduled_at=due, outcome=Outcome.STARTED).count() == len(ids)
        assert Process.objects.count() == Occurrence.objects.filter(outcome=Outcome.STARTED).count()
        assert not Schedule.objects.filter(id__in=ids, next_due_at__lte=due).exists()
    assert number >= 5, "the statements are no longer counted"
    assert committed == [False] * (number - 1) + [when == "after"], "only the commit commits"
    assert len(system.sql("SELECT id FROM procrastinate_jobs")) == Process.objects.count()


@pytest.fixture
def declaration() -> Iterator[Declaration]:
    yield declare()
    scheduler.forget(JOB)


def test_a_crash_at_any_statement_of_a_function_call(system: System, fresh: Nursery, declaration: Declaration) -> None:
    schedule = upsert(declaration)
    number, code, committed = 0, -signal.SIGKILL, False
    while code:
        known = Process.objects.count()
        Schedule.objects.filter(id=schedule.id).update(next_due_at=timezone.now())
        firing.fire_due()
        [(occurrence, _declaration, _token)] = claim([declaration.job_id], 1)
        code = fresh.ask(system, "call", number, "after", occurrence.id)
        if code:
            assert code == -signal.SIGKILL
            assert not committed, "something follows the commit"
            committed = Process.objects.count() > known
            if not committed:
                assert Occurrence.objects.filter(outcome=Outcome.CLAIMED).count() == 1
                expire_claims()
                [again] = claim([declaration.job_id], 1)
                assert call(*again)
            number += 1
        assert Process.objects.count() == known + 1
        assert Process.objects.filter(occurrence_id=occurrence.id).count() == 1
        assert not Occurrence.objects.filter(outcome=Outcome.CLAIMED).exists()
    assert committed
    assert number >= 5, "the statements are no longer counted"


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
