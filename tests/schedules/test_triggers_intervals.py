"""Intervals, calendar intervals and single dates: anchors, local days, elapsed time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schedules.triggers import parse
from tests.schedules.triggers import NOW, at, due_times, errors, leg, local, stored


def test_the_anchor_of_an_interval_is_now_and_one_interval_and_is_stored() -> None:
    trigger = parse("interval", {"minutes": 5}, now=at("2026-11-24T09:00:12.345"))
    assert trigger.kwargs == {"minutes": 5, "start_date": "2026-11-24T09:05:12+00:00"}
    later = parse(trigger.kind, trigger.kwargs, now=at("2027-01-01T17:31:48"))
    assert later.kwargs == trigger.kwargs
    assert later.first(at("2027-01-01T17:31:48")) == at("2027-01-01T17:35:12")


def test_a_day_without_start_is_the_same_local_time_tomorrow() -> None:
    trigger = parse("interval", {"days": 1}, time_zone="Europe/London", now=at("2026-10-24T12:00"))
    assert trigger.kwargs["start_date"] == "2026-10-25T13:00:00+00:00"


def test_start_is_the_first_due_time_itself() -> None:
    trigger = parse("interval", {"hours": 2, "start_date": "2026-12-01T08:30"}, now=NOW)
    assert trigger.first(NOW) == at("2026-12-01T08:30")
    assert trigger.first(at("2026-12-01T08:30")) == at("2026-12-01T08:30")
    assert trigger.next_after(at("2026-12-01T08:30")) == at("2026-12-01T10:30")


def test_a_start_without_offset_is_in_the_triggers_zone() -> None:
    naive = parse("interval", {"hours": 1, "start_date": "2026-12-01T08:30", "timezone": "Asia/Tokyo"})
    aware = parse("interval", {"hours": 1, "start_date": "2026-11-30T23:30:00Z", "timezone": "Asia/Tokyo"})
    assert naive.first(NOW) == aware.first(NOW) == at("2026-11-30T23:30")


def test_microseconds_of_an_anchor_are_kept() -> None:
    for units in ({"seconds": 10}, {"days": 1}, {"days": 1, "hours": 1}):
        trigger = stored(parse("interval", {**units, "start_date": "2026-12-01T08:30:00.250001"}, now=NOW))
        assert trigger.first(NOW) == at("2026-12-01T08:30:00.250001")
        following = trigger.next_after(at("2026-12-01T08:30:00.250001"))
        assert following
        assert following.microsecond == 250_001
        assert trigger.next_after(at("2026-12-01T08:30:00.250000")) == at("2026-12-01T08:30:00.250001")


def test_days_and_hours_together_count_days_locally_and_hours_as_they_pass() -> None:
    kwargs = {"days": 1, "hours": 12, "start_date": "2027-03-26T12:00"}
    trigger = parse("interval", kwargs, time_zone="Europe/London")
    assert local(trigger, "2027-03-26T00:00", 4) == [
        "Fri 26 Mar 12:00+0000",
        "Sun 28 Mar 00:00+0000",
        "Mon 29 Mar 12:00+0100",
        "Wed 31 Mar 00:00+0100",
    ]


def test_a_long_past_start_costs_nothing_and_disturbs_nothing() -> None:
    trigger = parse("interval", {"seconds": 7, "start_date": "1970-01-01T00:00:03"})
    found = due_times(trigger, NOW, 3)
    assert [int(due.timestamp()) % 7 for due in found] == [3, 3, 3]
    assert found[1] - found[0] == timedelta(seconds=7)


@pytest.mark.parametrize(
    ("kwargs", "field"),
    [
        ({}, "minutes"),
        ({"minutes": 0}, "minutes"),
        ({"hours": -1}, "hours"),
        ({"minutes": 5, "seconds": -1}, "seconds"),
        ({"minutes": 1.5}, "minutes"),
        ({"minutes": "5"}, "minutes"),
        ({"minutes": True}, "minutes"),
        ({"minutes": float("nan")}, "minutes"),
        ({"minutes": float("inf")}, "minutes"),
        ({"minutes": 10**30}, "minutes"),
        ({"months": 1}, "months"),
        ({"minutes": 5, "start_date": "soon"}, "start_date"),
        ({"minutes": 5, "start_date": 1_700_000_000}, "start_date"),
        ({"minutes": 5, "start_date": "2026-13-01"}, "start_date"),
        ({"minutes": 5, "start_date": "9999-12-31"}, "start_date"),
        ({"minutes": 5, "start_date": "0001-01-01"}, "start_date"),
        ({"minutes": 5, "start_date": "2027-01-01", "end_date": "2026-12-31"}, "end_date"),
        ({"minutes": 5, "jitter": -1}, "jitter"),
        ({"minutes": 5, "jitter": 100_000}, "jitter"),
        ({"minutes": 5, "timezone": 3}, "timezone"),
    ],
)
def test_a_wrong_interval_is_refused_beside_its_field(kwargs: dict[str, Any], field: str) -> None:
    assert field in errors("interval", kwargs)


def test_an_end_in_the_year_9999_means_no_end() -> None:
    trigger = parse("interval", {"days": 1, "end_date": "9999-12-31"}, now=NOW)
    assert len(due_times(stored(trigger), NOW, 50)) == 50


@pytest.mark.parametrize(
    ("kwargs", "expected"),
    [
        ({"days": 3, "hour": 4}, ["Tue 24 Nov 04:00", "Fri 27 Nov 04:00", "Mon 30 Nov 04:00"]),
        ({"weeks": 2, "hour": 4}, ["Tue 24 Nov 04:00", "Tue 08 Dec 04:00", "Tue 22 Dec 04:00"]),
        ({"months": 1, "start_date": "2027-01-31"}, ["Sun 31 Jan 00:00", "Wed 31 Mar 00:00", "Mon 31 May 00:00"]),
        ({"years": 1, "start_date": "2028-02-29"}, ["Tue 29 Feb 00:00", "Sun 29 Feb 00:00", "Fri 29 Feb 00:00"]),
        (
            {"months": 1, "days": 1, "start_date": "2027-01-30"},
            ["Sat 30 Jan 00:00", "Wed 31 Mar 00:00", "Tue 01 Jun 00:00"],
        ),
    ],
)
def test_a_calendar_interval_counts_by_the_calendar(kwargs: dict[str, Any], expected: list[str]) -> None:
    trigger = parse("calendarinterval", kwargs, now=at("2026-11-24T00:00"))
    for again in (trigger, stored(trigger)):
        assert [due[:16] for due in local(again, "2026-11-23T23:00", 3)] == expected


def test_a_calendar_interval_that_began_long_ago_goes_on_and_does_not_fire_at_once() -> None:
    trigger = parse("calendarinterval", {"days": 2, "hour": 6, "start_date": "1999-12-31"})
    first = trigger.first(NOW)
    assert first == at("2026-11-25T06:00")
    assert (first.date() - datetime(1999, 12, 31, tzinfo=UTC).date()).days % 2 == 0
    mixed = parse("calendarinterval", {"months": 1, "days": 1, "start_date": "1970-01-01"})
    assert mixed.first(NOW) == mixed.next_after(NOW)


def test_a_calendar_interval_of_lifetimes_ends_with_time() -> None:
    trigger = parse("calendarinterval", {"years": 23, "weeks": 3601}, now=NOW)
    assert 50 < len(due_times(trigger, NOW, 1000)) < 200


def test_a_start_with_a_time_is_the_earliest_due_time_of_a_calendar_interval() -> None:
    trigger = parse("calendarinterval", {"days": 1, "hour": 6, "start_date": "2026-12-01T12:00"})
    assert due_times(stored(trigger), NOW, 1) == [at("2026-12-02T06:00")]


@pytest.mark.parametrize(
    ("kwargs", "field"),
    [
        ({}, "days"),
        ({"months": 0}, "months"),
        ({"days": -1}, "days"),
        ({"days": 1, "hour": 24}, "hour"),
        ({"days": 1, "minute": "x"}, "minute"),
        ({"days": 1, "start_date": "9999-01-01"}, "start_date"),
        ({"days": 1, "minutes": 3}, "minutes"),
    ],
)
def test_a_wrong_calendar_interval_is_refused_beside_its_field(kwargs: dict[str, Any], field: str) -> None:
    assert field in errors("calendarinterval", kwargs)


def test_a_date_is_due_once() -> None:
    trigger = parse("date", {"run_date": "2026-12-24T18:00", "timezone": "Europe/Berlin"})
    assert due_times(stored(trigger), NOW, 3) == [at("2026-12-24T17:00")]
    assert trigger.first(at("2026-12-24T17:00")) == at("2026-12-24T17:00")
    assert trigger.first(at("2026-12-24T17:00:01")) is None


@pytest.mark.parametrize("run_date", [None, "", "tomorrow", 5, "2026-02-30", "9999-12-31T23:59", ["2026-01-01"]])
def test_a_wrong_date_is_refused(run_date: Any) -> None:
    assert "run_date" in errors("date", {"run_date": run_date})


def test_a_date_outside_its_bounds_is_refused() -> None:
    assert "run_date" in errors("date", {"run_date": "2027-01-02", "end_date": "2027-01-01"})


def test_apschedulers_interface_gives_the_same_due_times() -> None:
    trigger = parse("cron", {"hour": 1})
    assert trigger.get_next_fire_time(None, NOW) == at("2026-11-25T01:00")
    assert trigger.get_next_fire_time(at("2026-11-25T01:00"), NOW) == at("2026-11-26T01:00")


def test_days_can_be_excepted_once_and_every_year() -> None:
    kwargs = {"hour": 1, "except_dates": ["2026-11-26", "12-25"]}
    trigger = stored(parse("cron", kwargs, time_zone="Asia/Tokyo"))
    days = [due.astimezone(trigger.zone).date() for due in due_times(trigger, NOW, 400)]
    assert str(days[0]) == "2026-11-25"
    assert str(days[1]) == "2026-11-27"
    assert {(day.month, day.day) for day in days} >= {(12, 24), (12, 26), (11, 26)}
    assert (12, 25) not in {(day.month, day.day) for day in days}
    assert trigger.describe() == "Every day at 01:00, except on 25 December and 26 November 2026"


@pytest.mark.parametrize("kind", ["interval", "calendarinterval", "and", "or"])
def test_every_kind_knows_excepted_days(kind: str) -> None:
    legs = {"triggers": [leg("interval", hours=6, start_date="2026-11-24T00:00"), leg("cron", expression="0 * * * *")]}
    own = {"interval": {"hours": 6}, "calendarinterval": {"days": 1}}.get(kind, legs)
    trigger = stored(parse(kind, {**own, "except_dates": ["2026-11-26", "2026-11-27"], "jitter": 60}, now=NOW))
    days = {str(due.date()) for due in due_times(trigger, NOW, 60)}
    assert days.isdisjoint({"2026-11-26", "2026-11-27"})
    assert {"2026-11-25", "2026-11-28"} <= days


def test_a_leg_keeps_its_excepted_days_within_an_and() -> None:
    legs = [leg("cron", hour=1, except_dates=["11-25"]), leg("cron", minute=0)]
    assert parse("and", {"triggers": legs}, now=NOW).first(NOW) == at("2026-11-26T01:00")


def test_when_every_day_is_excepted_it_is_never_due() -> None:
    assert parse("cron", {"expression": "0 1 25 12 *", "except_dates": ["12-25"]}).first(NOW) is None


@pytest.mark.parametrize(
    "days", ["2026-12-25", [5], ["25-12"], ["2026-02-30"], ["x"], [None], ["12-25"] * 101, {"a": 1}]
)
def test_wrong_excepted_days_are_refused(days: Any) -> None:
    assert list(errors("cron", {"hour": 1, "except_dates": days})) == ["except_dates"]
