"""Guarantee 1: every due time becomes exactly one occurrence, and one process, however often schedulers die."""

from __future__ import annotations

import random
import signal
import time
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from schedules.models import Backlog, Schedule, SchedulerInstance
from tests.schedules.ledger import SECOND, Audit, audit, every_second
from tests.system import Process, System


def started(system: System, count: int) -> list[Process]:
    """Start that many schedulers and wait until each has shown a sign of life."""
    schedulers = [system.scheduler() for _number in range(count)]
    alive(system, schedulers)
    return schedulers


def alive(system: System, schedulers: list[Process]) -> None:
    pids = [scheduler.pid for scheduler in schedulers]
    system.wait_for(lambda: SchedulerInstance.objects.filter(pid__in=pids).count() == len(pids), 60)


def test_every_due_time_is_started_once_while_schedulers_are_killed(system: System, long_run: bool) -> None:
    schedulers = started(system, 2)
    first = every_second(200 if long_run else 20)
    kills = 50 if long_run else 6
    kill_by_turns(system, schedulers, first, kills=kills)
    found = finish(system, schedulers, first)
    assert found.due >= len(first) * kills
    assert (found.missing, found.doubled, found.unstarted, found.without_process) == (0, 0, 0, 0)


def kill_by_turns(system: System, schedulers: list[Process], first: dict[UUID, datetime], *, kills: int) -> None:
    """Kill one of two schedulers at a random moment and start another once the one that is left has gone on."""
    for number in range(kills):
        lives = SchedulerInstance.objects.filter(pid=schedulers[1 - number % 2].pid)
        system.wait_for(lives.exists, 60)
        time.sleep(random.uniform(0, 1))
        victim = schedulers[number % 2]
        victim.kill(signal.SIGKILL)
        victim.wait()
        fired_again(system, first)
        schedulers[number % 2] = system.scheduler()


def fired_again(system: System, first: dict[UUID, datetime]) -> None:
    """Wait until every schedule has fired what has fallen due by now, and its next due time after that."""
    behind = Schedule.objects.filter(id__in=first, next_due_at__lte=timezone.now() + SECOND)
    system.wait_for(lambda: not behind.exists(), 60)


def finish(system: System, schedulers: list[Process], first: dict[UUID, datetime]) -> Audit:
    """Let what has fallen due be fired, stop all schedulers, and audit the ledger."""
    schedulers = [system.scheduler() if scheduler.returncode is not None else scheduler for scheduler in schedulers]
    alive(system, schedulers)
    end = timezone.now()
    behind = Schedule.objects.filter(id__in=first, next_due_at__lte=end)
    system.wait_for(lambda: not behind.exists() and not Backlog.objects.exists(), 60)
    for scheduler in schedulers:
        assert scheduler.stop() == 0, scheduler.output
    return audit(first)
