"""Schedulers survive the database's restarts and outages, each other's freezing, and their own loop's wedging."""

from __future__ import annotations

import random
import signal
import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from schedules.models import Occurrence, Outcome, Schedule, SchedulerInstance
from schedules.scheduler import EXIT_WEDGED
from tests.constants import constants
from tests.faults.test_engine_outages import outage
from tests.faults.test_scheduler_kills import finish, fired_again, started
from tests.schedules.ledger import audit, every_second
from tests.system import System


def test_the_database_is_restarted_again_and_again_under_load(system: System, long_run: bool) -> None:
    schedulers = started(system, 2)
    first = every_second(20)
    for number in range(10 if long_run else 3):
        time.sleep(random.uniform(0, 1))
        system.restart_database("immediate" if number % 2 else "fast")
        fired_again(system, first)
    found = finish(system, schedulers, first)
    assert found.due > 0
    assert (found.missing, found.doubled, found.unstarted, found.without_process) == (0, 0, 0, 0)


@pytest.mark.timeout(400)
def test_the_database_is_away_for_a_minute(system: System, long_run: bool) -> None:
    """What fell due meanwhile is in the ledger once; schedulers are back at work soon after the database is."""
    schedulers = started(system, 2)
    first = every_second(20, catch_up="all", catch_up_limit=1000)
    with outage(system):
        time.sleep(60 if long_run else 3)
        assert [scheduler.returncode for scheduler in schedulers] == [None, None]
    back = timezone.now()
    system.wait_for(lambda: not Schedule.objects.filter(id__in=first, next_due_at__lte=back).exists(), 60)
    found = finish(system, schedulers, first)
    assert found.due >= len(first) * (60 if long_run else 3)
    assert (found.missing, found.doubled, found.unstarted, found.without_process) == (0, 0, 0, 0)


def test_connections_are_cut_while_schedules_fire(system: System) -> None:
    schedulers = started(system, 2)
    first = every_second(20)
    for _number in range(5):
        time.sleep(random.uniform(0, 1))
        assert system.cut_connections("orchestrator-scheduler") > 0
        fired_again(system, first)
    found = finish(system, schedulers, first)
    assert (found.missing, found.doubled, found.unstarted, found.without_process) == (0, 0, 0, 0)


def test_a_frozen_scheduler_does_not_hold_up_the_others(system: System) -> None:
    schedulers = started(system, 2)
    first = every_second(20)
    for frozen in schedulers * 2:
        time.sleep(random.uniform(0, 1))
        frozen.kill(signal.SIGSTOP)
        fired_again(system, first)
        frozen.kill(signal.SIGCONT)
    found = finish(system, schedulers, first)
    assert (found.missing, found.doubled, found.unstarted, found.without_process) == (0, 0, 0, 0)


def test_a_wedged_loop_shows_and_ends_its_process(system: System) -> None:
    """Its statements wait for a table that somebody else has locked and does not let go."""
    wedged = 8  # longer than a heart that beats is ever silent
    system.env |= constants({"schedules.scheduler.WEDGED": wedged})
    [scheduler] = started(system, 1)
    with lock_on_schedules(system):
        assert scheduler.wait() == EXIT_WEDGED
        silent = timezone.now() - SchedulerInstance.objects.get(pid=scheduler.pid).heartbeat_at
        assert silent > timedelta(seconds=wedged - 1)
    replacement = system.scheduler()
    system.wait_for(lambda: SchedulerInstance.objects.filter(pid=replacement.pid).exists(), 60)


def lock_on_schedules(system: System) -> Any:
    """Return a connection whose transaction keeps everybody else from the schedules, as a context."""
    from tests.databases import connect

    holding = connect(system.database)
    holding.autocommit = False
    holding.execute("LOCK TABLE schedules_schedule IN ACCESS EXCLUSIVE MODE")
    return holding


def test_a_scheduler_waits_for_a_database_that_is_not_there_yet(system: System) -> None:
    scheduler = system.scheduler(DATABASE_URL="postgresql://orchestrator@127.0.0.1:1/nowhere")
    system.wait_for(lambda: scheduler.output.count("database_unreachable") >= 2, 60)
    assert scheduler.returncode is None
    assert scheduler.stop() == 0


def test_what_fell_due_during_an_outage_is_caught_up_once(system: System, long_run: bool) -> None:
    """The outage is the schedulers': none runs for a while."""
    first = every_second(20)
    time.sleep(60 if long_run else 3)
    schedulers = started(system, 2)
    found = finish(system, schedulers, first)
    assert (found.missing, found.doubled) == (0, 0)
    missed = Occurrence.objects.filter(outcome=Outcome.MISSED).count()
    assert (found.unstarted, found.without_process) == (missed, 0)


def test_old_and_new_code_side_by_side(system: System) -> None:
    """A scheduler that does not know a task leaves its due times to one that does."""
    old = system.scheduler(ORCHESTRATOR_APPS="")
    new = system.scheduler()
    system.wait_for(lambda: SchedulerInstance.objects.count() == 2, 60)
    first = every_second(10, workflow_name="succeeding")
    system.wait_for(lambda: Occurrence.objects.filter(outcome=Outcome.STARTED).count() >= 50, 60)
    assert [old.stop(), new.stop()] == [0, 0]
    found = audit(first)
    assert (found.missing, found.doubled, found.unstarted, found.without_process) == (0, 0, 0, 0)
