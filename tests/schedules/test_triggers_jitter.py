"""Random delays: bounded, the same whenever asked for, in order, never adding up, never on another day."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from schedules.triggers import load, parse
from tests.schedules.triggers import NOW, at, crons, due_times, leg, stored

WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "cron": ("cron", {"expression": "0 1 * * *"}),
    "cron every minute": ("cron", {"expression": "* * * * *"}),
    "cron within an hour": ("cron", {"expression": "*/3 9 * * *"}),
    "interval": ("interval", {"minutes": 7, "start_date": "2026-01-01T00:00"}),
    "calendarinterval": ("calendarinterval", {"days": 2, "hour": 23, "minute": 58, "start_date": "2026-01-01"}),
    "and": ("and", crons("0 */2 * * *", "0 */3 * * *")),
    "or": ("or", crons("0 */2 * * *", "30 */3 * * *")),
}


@pytest.mark.parametrize("jitter", [1, 45, 600, 86_400])
@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "Africa/Cairo"])
@pytest.mark.parametrize("way", WAYS)
def test_each_due_time_is_delayed_once_within_bounds_and_its_day(way: str, zone: str, jitter: int) -> None:
    kind, kwargs = WAYS[way]
    plain = load(kind, kwargs, time_zone=zone)
    delayed = load(kind, {**kwargs, "jitter": jitter}, time_zone=zone, salt="one")
    for start in ("2026-10-24T00:00", "2026-10-29T12:00", "2027-03-27T12:00", "2027-04-29T09:00"):
        due = due_times(plain, at(start) - timedelta(microseconds=1), 40)
        late = due_times(delayed, due[0] - timedelta(microseconds=1), 40)
        late = late if late[0] + timedelta(seconds=1) > due[0] + timedelta(0) else late[1:]
        first = next(n for n, moment in enumerate(late) if moment >= due[0])
        for earlier, moment in zip(due, late[first:], strict=False):
            assert timedelta(0) <= moment - earlier <= timedelta(seconds=jitter)
            assert moment.astimezone(plain.zone).date() == earlier.astimezone(plain.zone).date()
        assert all(one < other for one, other in pairwise(late))


@pytest.mark.parametrize("way", WAYS)
def test_asking_again_from_any_moment_gives_the_same_delays(way: str) -> None:
    kind, kwargs = WAYS[way]
    delayed = load(kind, {**kwargs, "jitter": 900}, salt="one")
    expected = due_times(delayed, NOW, 30)
    assert due_times(stored(delayed), NOW, 30) == expected
    for number, moment in enumerate(expected[:-1]):
        assert delayed.next_after(moment) == expected[number + 1]
        assert delayed.next_after(moment - timedelta(seconds=1)) in expected[: number + 1]
        assert delayed.next_after(moment - timedelta(microseconds=1)) == moment


def test_delays_never_add_up() -> None:
    delayed = load("interval", {"seconds": 60, "start_date": "2026-01-01T00:00", "jitter": 10}, salt="one")
    found = due_times(delayed, at("2026-01-01T00:00") - timedelta(microseconds=1), 1001)
    assert found[1000] - at("2026-01-01T00:00") <= timedelta(seconds=60 * 1000 + 10)


def test_two_schedules_are_delayed_differently_and_delays_spread() -> None:
    kwargs = {"expression": "0 1 * * *", "jitter": 600}
    one, other = (due_times(load("cron", kwargs, salt=salt), NOW, 200) for salt in ("one", "other"))
    assert one != other
    minutes = {due.minute for due in one}
    assert minutes >= set(range(9))


def test_a_single_date_is_delayed_and_never_past_the_end() -> None:
    for salt in "abcdefgh":
        kwargs = {"run_date": "2026-12-24T18:00", "end_date": "2026-12-24T18:00:05", "jitter": 3600}
        (due,) = due_times(parse("date", kwargs, salt=salt), NOW, 2)
        assert at("2026-12-24T18:00") <= due <= at("2026-12-24T18:00:05")


def test_legs_of_an_or_keep_their_own_delays() -> None:
    legs = [leg("cron", expression="0 1 * * *", jitter=600), leg("cron", expression="0 2 * * *")]
    found = due_times(parse("or", {"triggers": legs}, salt="one"), NOW, 40)
    assert all(due.minute == 0 for due in found if due.hour == 2)
    assert len({due.minute for due in found if due.hour == 1}) > 5
