"""The store as APScheduler's clock: what a turn of the loop costs, and clocks that jump."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from schedules import services
from schedules.backlog import write_backlog
from schedules.firing import Fired
from schedules.models import Backlog, Occurrence, Outcome, Schedule
from schedules.store import LONGEST_SLEEP, ScheduleStore
from tasks.models import Process

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def every_minute(name: str = "Every minute") -> Schedule:
    """Create, just before noon, a schedule that is due at noon for the first time."""
    kwargs = {"minutes": 1, "start_date": NOON.isoformat()}
    return services.create_schedule(
        name=name, workflow_name="task_sync_from", trigger="interval", trigger_kwargs=kwargs, user=None
    )


def turn(store: ScheduleStore) -> datetime:
    """Do what the loop does in one turn; return when it would turn again."""
    assert store.get_due_jobs(timezone.now()) == []
    return store.get_next_run_time()


def sent(work: Callable[[], object]) -> int:
    """Return how many statements `work` sends, by libpq's own trace."""
    with tempfile.TemporaryFile("w+") as file:
        connection.connection.pgconn.trace(file.fileno())
        work()
        connection.connection.pgconn.untrace()
        file.seek(0)
        return sum("\tF\t" in line and ("\tQuery\t" in line or "\tBind\t" in line) for line in file)


def test_a_turn_with_nothing_to_do_takes_one_statement_and_a_firing_few() -> None:
    store = ScheduleStore()
    with time_machine.travel(NOON - MINUTE, tick=False) as clock:
        for number in range(20):
            every_minute(str(number))
        turn(store)
        assert sent(lambda: turn(store)) == 1
        clock.move_to(NOON)
        # Two of them, a savepoint and its release, stand for BEGIN and COMMIT within this test's own transaction.
        assert sent(lambda: turn(store)) <= 10
    assert Process.objects.count() == 20


def test_the_loop_sleeps_until_the_next_due_time_and_never_longer_than_a_second() -> None:
    store = ScheduleStore()
    with time_machine.travel(NOON - MINUTE, tick=False) as clock:
        every_minute()
        assert turn(store) == NOON - MINUTE + LONGEST_SLEEP
        clock.move_to(NOON - timedelta(milliseconds=300))
        assert turn(store) == NOON


def test_what_was_seen_ahead_and_is_gone_is_looked_for_again() -> None:
    fired: list[Fired] = []
    store = ScheduleStore(fired.append)
    with time_machine.travel(NOON - timedelta(milliseconds=300), tick=False) as clock:
        planned = every_minute()
        assert turn(store) == NOON
        services.pause_schedule(planned.id, user=None)
        clock.move_to(NOON)
        assert turn(store) == NOON + LONGEST_SLEEP
    assert fired == []
    assert not Occurrence.objects.exists()


def test_a_clock_that_jumps_an_hour_ahead_and_back_loses_and_doubles_nothing() -> None:
    store = ScheduleStore()
    with time_machine.travel(NOON - MINUTE, tick=False) as clock:
        planned = every_minute()
        turn(store)
        clock.move_to(NOON)
        turn(store)
        clock.move_to(NOON + HOUR)
        turn(store)
        clock.move_to(NOON + 2 * MINUTE)  # set right again: what lies ahead of it has been decided on
        assert turn(store) == NOON + 2 * MINUTE + LONGEST_SLEEP
        clock.move_to(NOON + HOUR + MINUTE)
        turn(store)
    while Backlog.objects.exists():
        write_backlog()
    times = list(Occurrence.objects.order_by("scheduled_at").values_list("scheduled_at", flat=True))
    assert times == [NOON + number * MINUTE for number in range(62)]
    started = Occurrence.objects.filter(outcome=Outcome.STARTED).values_list("scheduled_at", flat=True)
    # On time at noon and after both jumps; of what the first one passed over, the last two are within the grace.
    assert sorted(started) == [NOON, *(NOON + HOUR + number * MINUTE for number in (-1, 0, 1))]
    assert Process.objects.filter(schedule_id=planned.id).count() == len(started)


def test_a_clock_that_is_ahead_of_the_databases_fires_nothing_early_and_the_present_in_time() -> None:
    real = datetime.now(UTC)
    early, late = (
        services.create_schedule(
            name=name,
            workflow_name="task_sync_from",
            trigger="interval",
            trigger_kwargs={"hours": 24, "start_date": (real + ahead).isoformat()},
            user=None,
        )
        for name, ahead in (("in half an hour", 30 * MINUTE), ("in a day", 24 * HOUR))
    )
    Schedule.objects.filter(id=late.id).update(next_due_at=real - SECOND)
    store = ScheduleStore()
    with time_machine.travel(real + HOUR, tick=True):
        assert SECOND - MINUTE < turn(store) - timezone.now() <= LONGEST_SLEEP
        turn(store)
    assert [occurrence.schedule_id for occurrence in Occurrence.objects.all()] == [late.id]
    early.refresh_from_db()
    assert early.next_due_at == real + 30 * MINUTE
