"""A function of a code schedule is called again when its scheduler dies, and what it starts is there exactly once."""

from __future__ import annotations

import time
from collections import Counter

from schedules.models import Occurrence, Outcome, Schedule
from tasks.models import Process
from tests.faults.test_scheduler_kills import alive
from tests.system import System

JOB = "slow-job"


def test_schedulers_are_killed_while_they_call_a_function(system: System, long_run: bool) -> None:
    system.env["DECLARED_IN_TESTS"] = "1"
    schedulers = [system.scheduler(), system.scheduler()]
    alive(system, schedulers)
    schedule = Schedule.objects.get(job_id=JOB)
    called = Occurrence.objects.filter(schedule=schedule, outcome=Outcome.CLAIMED, claim_token__isnull=False)
    for number in range(10 if long_run else 2):
        system.wait_for(called.exists, 60)
        time.sleep(1)
        # Both: whichever is calling the function dies while it does.
        for scheduler in schedulers:
            scheduler.kill()
            scheduler.wait()
        assert Process.objects.filter(occurrence_id__in=called.values("id")).count() == 0, number
        schedulers = [system.scheduler(), system.scheduler()]
        alive(system, schedulers)
    system.wait_for(lambda: Occurrence.objects.filter(schedule=schedule, outcome=Outcome.STARTED).count() >= 3, 90)
    assert [scheduler.stop() for scheduler in schedulers] == [0, 0]
    started = set(Occurrence.objects.filter(schedule=schedule, outcome=Outcome.STARTED).values_list("id", flat=True))
    processes = Counter(Process.objects.filter(schedule_id=schedule.id).values_list("occurrence_id", flat=True))
    assert processes == dict.fromkeys(started, 2)
    assert not Occurrence.objects.filter(schedule=schedule, outcome=Outcome.FAILED).exists()
