"""Guarantee 1: every due time becomes exactly one occurrence, and one process, however often schedulers die."""

from __future__ import annotations

import random
import signal
import time

from schedules.models import Occurrence, SchedulerInstance
from tests.schedules.ledger import audit, every_second, first_due
from tests.system import Process, System


def beating(system: System, count: int) -> None:
    """Wait until that many schedulers have shown a sign of life."""
    system.wait_for(lambda: SchedulerInstance.objects.count() >= count, 60)


def test_every_due_time_is_started_once_while_schedulers_are_killed(system: System) -> None:
    schedulers = [system.scheduler(), system.scheduler()]
    beating(system, 2)
    first = first_due(every_second(20))
    kill_by_turns(system, schedulers, kills=10)
    found = finish(system, schedulers, first)
    assert found.due >= 20 * 10
    assert (found.missing, found.doubled, found.unstarted, found.without_process) == (0, 0, 0, 0)
    assert found.lag < 2


def kill_by_turns(system: System, schedulers: list[Process], *, kills: int) -> None:
    """Kill one of two schedulers at a random moment and start another in its place, again and again."""
    for number in range(kills):
        time.sleep(random.uniform(0.5, 1.5))
        victim = schedulers[number % 2]
        lives = SchedulerInstance.objects.filter(pid=schedulers[1 - number % 2].pid)
        system.wait_for(lives.exists, 60)
        victim.kill(signal.SIGKILL)
        victim.wait()
        schedulers[number % 2] = system.scheduler()


def finish(system: System, schedulers: list[Process], first: dict) -> object:  # type: ignore[type-arg]
    """Let what has fallen due be fired, stop all schedulers, and audit the ledger."""
    pids = [scheduler.pid for scheduler in schedulers]
    system.wait_for(lambda: SchedulerInstance.objects.filter(pid__in=pids).count() == len(pids), 60)
    before = Occurrence.objects.count()
    system.wait_for(lambda: Occurrence.objects.count() > before, 30)
    for scheduler in schedulers:
        assert scheduler.stop() == 0, scheduler.output
    return audit(first)
