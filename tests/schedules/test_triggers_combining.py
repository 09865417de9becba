"""`and` and `or`: what meets, what never does, and that neither ever hangs."""

from __future__ import annotations

import random
import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from schedules.triggers import SearchLimitReached, Trigger, load, parse, preview
from tests.schedules.triggers import NOW, at, crons, due_times, errors, leg, local, stored


def test_every_second_and_every_third_minute_meet_every_sixth() -> None:
    trigger = parse("and", crons("*/2 * * * *", "*/3 * * * *"), now=NOW)
    assert [due.minute for due in due_times(stored(trigger), NOW, 4)] == [6, 12, 18, 24]


def test_nine_o_clock_and_monday_nine_o_clock_meet_on_mondays() -> None:
    trigger = parse("and", crons("0 9 * * *", "0 9 * * 1"), now=NOW)
    assert local(trigger, NOW, 2) == ["Mon 30 Nov 09:00+0000", "Mon 07 Dec 09:00+0000"]


def test_an_interval_without_start_meets_a_weekend_cron() -> None:
    """Counted from the second at which somebody typed it, it would never meet a cron: it counts from midnight."""
    legs = {"triggers": [leg("interval", hours=2), leg("cron", expression="* * * * 6,0")]}
    trigger = parse("and", legs, now=at("2026-11-24T09:11:13"))
    assert local(stored(trigger), NOW, 2) == ["Sat 28 Nov 00:00+0000", "Sat 28 Nov 02:00+0000"]


def test_legs_in_different_zones_meet_at_the_same_instant() -> None:
    legs = [leg("cron", expression="0 9 * * *", timezone="Europe/London"), leg("cron", expression="0 18 * * *")]
    trigger = parse("and", {"triggers": legs}, time_zone="Asia/Tokyo", now=NOW)
    assert due_times(trigger, NOW, 1) == [at("2026-11-25T09:00")]
    assert due_times(trigger, at("2027-06-01T00:00"), 1) == [at("2027-10-31T09:00")]  # when London is on GMT


def test_elapsed_intervals_meet_where_arithmetic_says() -> None:
    legs = [
        leg("interval", seconds=7919, start_date="2026-11-24T00:00:01"),
        leg("interval", seconds=7907, start_date="2026-11-24T00:00:02"),
    ]
    trigger = parse("and", {"triggers": legs}, now=NOW)
    first, second = due_times(trigger, NOW, 2)
    for due in (first, second):
        assert (due - at("2026-11-24T00:00:01")) % timedelta(seconds=7919) == timedelta(0)
        assert (due - at("2026-11-24T00:00:02")) % timedelta(seconds=7907) == timedelta(0)
    assert second - first == timedelta(seconds=7919 * 7907)


NEVER: dict[str, dict[str, Any]] = {
    "three and four": crons("0 3 * * *", "0 4 * * *"),
    "odd and even minutes": crons("*/2 * * * *", "1-59/2 * * * *"),
    "leap day and a rare weekday": crons("0 0 29 2 *", "0 0 * * 1"),
    "a weekend cron and odd hours": {
        "triggers": [
            leg("interval", hours=2, start_date="2026-11-24T01:00"),
            leg("cron", expression="0 */2 * * 6,0"),
        ]
    },
    "odd and even seconds": {
        "triggers": [
            leg("interval", seconds=2, start_date="2026-11-24T00:00:00"),
            leg("interval", seconds=4, start_date="2026-11-24T00:00:01"),
        ]
    },
    "a second past and on the minute": {
        "triggers": [
            leg("interval", minutes=1, start_date="2026-11-24T00:00:01"),
            leg("cron", expression="* * * * *"),
        ]
    },
    "odd and even seconds in two zones": {
        "triggers": [
            leg("cron", expression="*/2 * * * * *"),
            leg("cron", expression="1-59/2 * * * * *", timezone="Asia/Kathmandu"),
        ]
    },
    "dense alternatives that never agree": {
        "triggers": [leg("or", **crons("*/2 * * * *", "*/4 * * * *")), leg("or", **crons("1-59/2 * * * *"))]
    },
    "a microsecond past": {
        "triggers": [
            leg("interval", seconds=1, start_date="2026-11-24T00:00:00.000001"),
            leg("cron", expression="* * * * * *"),
        ]
    },
    "a date in the past": {"triggers": [leg("cron", expression="* * * * *"), leg("date", run_date="2020-01-01")]},
}


@pytest.mark.parametrize("kwargs", NEVER.values(), ids=NEVER)
def test_what_never_meets_is_refused_with_the_legs_named_and_soon(kwargs: dict[str, Any]) -> None:
    started = time.thread_time()
    found = errors("and", kwargs)
    assert time.thread_time() - started < 0.6
    (sentences,) = found.values()
    assert set(found) <= {"triggers", "triggers.1"}
    assert "leg 1" in sentences[0] or "All together never meet" in sentences[0]


def test_the_leg_that_blocks_is_named() -> None:
    found = errors("and", crons("* * * * *", "0 9 * * *", "0 9 * * 1", "30 9 * * *"))
    assert found == {"triggers.3": ["Leg 4 never meets leg 2 (looked five years ahead)."]}


def test_three_legs_that_meet_in_pairs_only_are_refused_together() -> None:
    found = errors("and", crons("0 9,10 * * *", "0 10,11 * * *", "0 9,11 * * *"))
    assert found == {"triggers": ["All together never meet (looked five years ahead)."]}


def test_an_inner_and_that_never_meets_is_named_by_its_path() -> None:
    inner = {"triggers": [leg("cron", expression="0 1 * * *"), leg("and", **crons("0 3 * * *", "0 4 * * *"))]}
    assert list(errors("or", inner)) == ["triggers.1.triggers.1"]


def test_what_the_database_holds_says_when_its_search_found_nothing() -> None:
    legs = [leg("cron", expression="* 9 * * *"), leg("or", **crons("* 10 * * *", "* 11 * * *"))]
    trigger = load("and", {"triggers": legs})
    started = time.thread_time()
    with pytest.raises(SearchLimitReached):
        trigger.next_after(NOW)
    shown = preview(trigger, after=NOW)
    assert time.thread_time() - started < 1
    assert (shown.complete, shown.due_times) == (False, [])
    assert shown.note.startswith("No time at which all parts meet was found up to ")


def test_random_combinations_are_due_exactly_when_their_legs_are_together() -> None:
    """Three days of `and` against the intersection of what each leg gives by itself, and of `or` against the union."""
    source = random.Random(11)
    window = (at("2027-01-10T00:00"), at("2027-01-13T00:00"))
    met = 0
    for _attempt in range(150):
        legs = [random_leg(source) for _n in range(source.choice([2, 2, 3]))]
        by_leg = [within(load("or", {"triggers": [one], "end_date": "2027-01-12"}), *window) for one in legs]
        kwargs = {"triggers": legs, "end_date": "2027-01-12"}  # all of that day
        together, any_of = load("and", kwargs), load("or", kwargs)
        common = set.intersection(*by_leg)
        met += bool(common)
        assert within(any_of, *window) == set.union(*by_leg), legs
        assert within(together, *window) == common, legs
    assert met > 25


def within(trigger: Trigger, start: datetime, end: datetime) -> set[datetime]:
    found: set[datetime] = set()
    due = trigger.first(start)
    while due and due < end:
        found.add(due)
        due = trigger.next_after(due)
    return found


def random_leg(source: random.Random, depth: int = 0) -> dict[str, Any]:
    zone = source.choice(["UTC", "UTC", "Asia/Kathmandu", "America/New_York"])
    minute = source.choice(["0", "*/15", "*/20", "30", "5,45", "*/7"])
    hour = source.choice(["*", "*/2", "9-17", "*/3", "0,12"])
    legs: list[dict[str, Any]] = [
        leg("cron", expression=f"{minute} {hour} * * *", timezone=zone),
        leg("cron", expression=f"{minute} {hour} * * 1,2", timezone=zone),
        leg("cron", hour=hour, minute=minute),
        leg("interval", minutes=source.choice([5, 10, 15, 45, 90]), start_date=f"2027-01-01T00:{source.choice('03')}0"),
        leg("interval", days=1, start_date=f"2027-01-02T{source.choice(['00', '12'])}:00"),
        leg("interval", days=1, hours=1, start_date="2027-01-02T00:00"),
        leg("calendarinterval", days=1, hour=source.choice([0, 9, 12]), timezone=zone, start_date="2027-01-01"),
        leg("date", run_date="2027-01-11T12:00"),
    ]
    if depth < 2:
        legs.append(leg("or", triggers=[random_leg(source, depth + 1), random_leg(source, depth + 1)]))
        legs.append(leg("and", triggers=[random_leg(source, depth + 1), random_leg(source, depth + 1)]))
    return source.choice(legs)


def test_a_stored_combination_waits_longer_than_five_years_and_says_the_same_each_time() -> None:
    rare = crons("0 0 29 2 *", "0 0 * * 0")
    trigger = load("and", rare)
    assert trigger.next_after(NOW) == trigger.next_after(NOW) == at("2032-02-29T00:00")
    assert "triggers.1" in errors("and", rare)


def test_or_is_due_with_the_earliest_leg_once_at_each_time() -> None:
    trigger = parse("or", crons("0 9 * * *", "0 */6 * * *", "0 9 * * 1"), now=NOW)
    assert [due.hour for due in due_times(stored(trigger), NOW, 6)] == [12, 18, 0, 6, 9, 12]


def test_or_does_not_move_the_interval_of_a_leg() -> None:
    legs = [leg("interval", minutes=10, start_date="2026-11-24T09:00"), leg("cron", expression="5 * * * *")]
    found = due_times(parse("or", {"triggers": legs}, now=NOW), NOW, 5)
    assert [due.minute for due in found] == [5, 10, 20, 30, 40]


def test_legs_keep_their_own_bounds_and_the_whole_its_own() -> None:
    legs = [
        leg("cron", expression="0 1 * * *", end_date="2026-11-25"),
        leg("cron", expression="0 2 * * *", start_date="2026-11-27"),
    ]
    trigger = parse("or", {"triggers": legs, "end_date": "2026-11-28"}, now=NOW)
    assert due_times(stored(trigger), NOW, 9) == [
        at("2026-11-25T01:00"),
        at("2026-11-27T02:00"),
        at("2026-11-28T02:00"),
    ]
    both = parse("and", {"triggers": [leg("cron", hour=1, start_date="2026-12-01"), leg("cron", minute=0)]}, now=NOW)
    assert both.first(NOW) == at("2026-12-01T01:00")


def test_nested_triggers_work_and_come_back_from_storage() -> None:
    nested = {
        "triggers": [
            leg("or", **crons("0 9 * * *", "30 9 * * *")),
            leg(
                "or", triggers=[leg("and", **crons("30 9 * * 1-5", "30 9 1-7 * *")), leg("date", run_date="2027-01-01")]
            ),
        ]
    }
    trigger = parse("and", nested, now=NOW)
    expected = due_times(trigger, NOW, 12)
    assert {(due.hour, due.minute) for due in expected} == {(9, 30)}
    assert due_times(stored(trigger), NOW, 12) == expected


@pytest.mark.parametrize(
    ("kwargs", "path"),
    [
        ({}, "triggers"),
        ({"triggers": []}, "triggers"),
        ({"triggers": "0 1 * * *"}, "triggers"),
        ({"triggers": {"trigger": "cron"}}, "triggers"),
        ({"triggers": [5]}, "triggers.0"),
        ({"triggers": [{"trigger": "cron", "expression": "0 1 * * *"}]}, "triggers.0"),
        ({"triggers": [leg("sometimes")]}, "triggers.0.trigger"),
        ({"triggers": [{"trigger": ["cron"], "trigger_kwargs": {}}]}, "triggers.0.trigger"),
        ({"triggers": [{"trigger": "cron", "trigger_kwargs": []}]}, "triggers.0.trigger_kwargs"),
        ({"triggers": [leg("cron", hour=1), leg("interval", minutes=0)]}, "triggers.1.minutes"),
        ({"triggers": [leg("or", triggers=[leg("cron", hour=99)])]}, "triggers.0.triggers.0.hour"),
        ({"triggers": [leg("cron", hour=1)] * 21}, "triggers"),
        ({"triggers": [leg("cron", hour=1)], "minutes": 3}, "minutes"),
        ({"triggers": [leg("cron", hour=1)], "timezone": "Nowhere"}, "timezone"),
    ],
)
@pytest.mark.parametrize("kind", ["and", "or"])
def test_wrong_legs_are_refused_by_their_path(kind: str, kwargs: dict[str, Any], path: str) -> None:
    assert path in errors(kind, kwargs)


def test_deep_nesting_is_refused() -> None:
    nested = leg("cron", hour=1)
    for _depth in range(400):
        nested = leg("or", triggers=[nested])
    (sentences,) = errors(nested["trigger"], nested["trigger_kwargs"]).values()
    assert sentences == ["Triggers are nested more than 4 deep."]


def test_a_delayed_leg_of_an_and_is_refused() -> None:
    legs = [leg("cron", hour=1), leg("or", triggers=[leg("cron", hour=1, jitter=60)])]
    assert list(errors("and", {"triggers": legs})) == ["triggers.1.triggers.0.jitter"]
