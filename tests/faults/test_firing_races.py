"""Edits, pauses and deletions that race with firing never lose a due time and never double one."""

from __future__ import annotations

import random
import threading
from collections import Counter
from datetime import timedelta
from uuid import UUID

from django.db import connections

from schedules import services
from schedules.exceptions import ScheduleNotFound
from schedules.models import Backlog, Occurrence, Outcome, Schedule, SchedulerInstance
from tasks.models import Process
from tests.constants import constants
from tests.schedules.ledger import SECOND, every_second
from tests.system import System


def test_two_hundred_racing_edits_pauses_and_deletions(system: System) -> None:
    schedulers = [system.scheduler(), system.scheduler()]
    system.wait_for(lambda: SchedulerInstance.objects.count() == 2, 60)
    first = every_second(20)
    ids = list(first)
    doomed = set(ids[:5])
    threads = [threading.Thread(target=change, args=(ids, doomed, seed, 50)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for schedule_id in ids[5:]:
        services.resume_schedule(schedule_id, user=None)
    system.wait_for(lambda: not Backlog.objects.exists(), 30)
    stopping = [scheduler.stop() for scheduler in schedulers]
    assert stopping == [0, 0]
    assert set(Schedule.objects.filter(job_id=None).values_list("id", flat=True)) == set(ids[5:])
    for schedule in Schedule.objects.filter(id__in=ids[5:]):
        assert schedule.next_due_at is not None
        occurrences = Occurrence.objects.filter(schedule=schedule, manual=False)
        times = sorted(occurrences.values_list("scheduled_at", flat=True))
        begin = first[schedule.id]
        assert times == [begin + number * SECOND for number in range((schedule.next_due_at - begin) // SECOND)]
        started = set(occurrences.filter(outcome=Outcome.STARTED).values_list("id", flat=True))
        processes = Counter(Process.objects.filter(schedule_id=schedule.id).values_list("occurrence_id", flat=True))
        manual = set(Occurrence.objects.filter(schedule=schedule, manual=True).values_list("id", flat=True))
        assert processes == Counter([*started, *manual])


def change(ids: list[UUID], doomed: set[UUID], seed: int, changes: int) -> None:
    """Make random changes to random schedules from one thread, as fast as they go, with short rests."""
    choice = random.Random(seed)
    for number in range(changes):
        schedule_id = choice.choice(ids)
        try:
            match choice.randrange(5):
                case 0:
                    services.pause_schedule(schedule_id, user=None, reason="race")
                case 1:
                    services.resume_schedule(schedule_id, user=None)
                case 2:
                    services.edit_schedule(schedule_id, {"name": f"changed {seed} {number}"}, user=None)
                case 3:
                    same_phase = {"seconds": 1, "start_date": "2026-01-01T00:00:00"}
                    services.edit_schedule(schedule_id, {"trigger_kwargs": same_phase}, user=None)
                case 4:
                    services.run_schedule_now(schedule_id, user=None)
            if number > changes // 2 and schedule_id in doomed:
                services.delete_schedule(schedule_id, user=None)
        except ScheduleNotFound:
            assert schedule_id in doomed
        threading.Event().wait(choice.uniform(0, 0.1))
    for schedule_id in doomed if seed == 0 else ():
        try:
            services.delete_schedule(schedule_id, user=None)
        except ScheduleNotFound:
            continue
    connections.close_all()


def test_an_edit_takes_effect_within_a_second(system: System, long_run: bool) -> None:
    """A scheduler that looks by itself every ten minutes only is woken. How soon is measured in the long run."""
    if not long_run:
        of_scheduler = ("scheduler.WEDGED", "scheduler.LONGEST_SLEEP", "store.LONGEST_SLEEP")
        system.env |= constants({f"schedules.{name}": 600 for name in of_scheduler})
    system.scheduler()
    system.wait_for(lambda: SchedulerInstance.objects.exists(), 60)
    late = []
    for schedule_id in every_second(3, trigger_kwargs={"days": 300}):
        soon = services.edit_schedule(schedule_id, {"trigger": "interval", "trigger_kwargs": {"seconds": 1}}, user=None)
        assert soon.next_due_at is not None
        first = system.wait_for(Occurrence.objects.filter(schedule_id=schedule_id).order_by("scheduled_at").first)
        assert first.scheduled_at == soon.next_due_at
        late.append(first.fired_at - first.scheduled_at)
    assert max(late) < timedelta(seconds=1) or not long_run
