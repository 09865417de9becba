"""Arithmetic of due times: what has passed since a cursor, found without counting through it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from schedules.due import latest, passed, stretch
from schedules.triggers import Trigger, load

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def every(**units: int) -> Trigger:
    return load("interval", {**units, "start_date": START.isoformat()})


def test_one_due_time_has_passed() -> None:
    found = passed(every(minutes=1), START, START + 5 * SECOND, 10)
    assert (found.times, found.left_out, found.next_due) == ([START], False, START + 60 * SECOND)


def test_all_that_have_passed_are_returned_when_they_are_few() -> None:
    found = passed(every(minutes=1), START, START + 185 * SECOND, 10)
    assert found.times == [START + minutes * 60 * SECOND for minutes in range(4)]
    assert not found.left_out


def test_the_latest_ones_are_returned_when_they_are_many() -> None:
    now = START + timedelta(hours=1, milliseconds=300)
    found = passed(every(seconds=1), START, now, 10)
    assert found.times == [START, *(START + timedelta(hours=1) - number * SECOND for number in range(9, -1, -1))]
    assert found.left_out
    assert found.next_due == START + timedelta(hours=1) + SECOND


@pytest.mark.parametrize("years", [1, 20])
def test_a_long_outage_of_a_frequent_schedule_takes_no_time(years: int) -> None:
    begin = time.thread_time()
    found = passed(every(seconds=1), START, START + timedelta(days=365 * years), 100)
    assert time.thread_time() - begin < 0.1
    assert len(found.times) == 101


def test_the_end_of_a_trigger_ends_the_due_times() -> None:
    trigger = load(
        "interval", {"minutes": 1, "start_date": START.isoformat(), "end_date": (START + 150 * SECOND).isoformat()}
    )
    found = passed(trigger, START, START + timedelta(days=1), 10)
    assert [(at - START) // SECOND for at in found.times] == [0, 60, 120]
    assert found.next_due is None


def test_looking_back_never_passes_the_cursor() -> None:
    times, following = latest(every(hours=1), START + timedelta(hours=3), START + timedelta(hours=5), 100)
    assert [(at - START) // timedelta(hours=1) for at in times] == [4, 5]
    assert following == START + timedelta(hours=6)


def test_a_stretch_is_walked_in_parts_that_meet() -> None:
    trigger, before = every(seconds=1), START + 100 * SECOND
    found: list[datetime] = []
    after, complete = START, False
    while not complete:
        times, complete = stretch(trigger, after, before, 30, seconds=10)
        found += times
        after = found[-1]
    assert found == [START + number * SECOND for number in range(1, 100)]


def test_a_stretch_gets_further_however_slow_its_trigger_is() -> None:
    after, before, found = START, START + 4 * SECOND, []
    while True:
        times, complete = stretch(every(seconds=1), after, before, 10, seconds=0)
        found += times
        if complete:
            break
        assert times
        after = times[-1]
    assert found == [START + number * SECOND for number in (1, 2, 3)]
