"""The golden table of daylight saving: what each kind of trigger does in six zones when the clocks change.

Written by hand from the zones' rules. The policy is Debian cron's: a local time in the gap runs right after it, once; a
repeated one runs the first time; hourly and finer runs follow real time.
"""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any, NamedTuple

import pytest

from schedules.triggers import load, parse, preview
from tests.schedules.triggers import at, due_times, leg, local, stored


class Change(NamedTuple):
    """A change of the clocks. `eve`: local noon of the day before. `inside`: a local time that is skipped or repeated.

    `daily`: the next due times, from the eve, of what is due daily at that time. `hourly`: the three whole hours from
    `hourly_from`, just before the change.
    """

    zone: str
    eve: str
    inside: str
    daily: list[str]
    hourly_from: str
    hourly: list[str]


TABLE = [
    Change(
        "Europe/London",
        "2027-03-27T12:00+00:00",
        "01:30",
        ["Sun 28 Mar 02:00+0100", "Mon 29 Mar 01:30+0100", "Tue 30 Mar 01:30+0100"],
        "2027-03-27T23:30+00:00",
        ["Sun 28 Mar 00:00+0000", "Sun 28 Mar 02:00+0100", "Sun 28 Mar 03:00+0100"],
    ),
    Change(
        "Europe/London",
        "2026-10-24T12:00+01:00",
        "01:30",
        ["Sun 25 Oct 01:30+0100", "Mon 26 Oct 01:30+0000", "Tue 27 Oct 01:30+0000"],
        "2026-10-25T00:30+01:00",
        ["Sun 25 Oct 01:00+0100", "Sun 25 Oct 01:00+0000", "Sun 25 Oct 02:00+0000"],
    ),
    Change(
        "America/New_York",
        "2027-03-13T12:00-05:00",
        "02:15",
        ["Sun 14 Mar 03:00-0400", "Mon 15 Mar 02:15-0400", "Tue 16 Mar 02:15-0400"],
        "2027-03-14T00:30-05:00",
        ["Sun 14 Mar 01:00-0500", "Sun 14 Mar 03:00-0400", "Sun 14 Mar 04:00-0400"],
    ),
    Change(
        "America/New_York",
        "2026-10-31T12:00-04:00",
        "01:45",
        ["Sun 01 Nov 01:45-0400", "Mon 02 Nov 01:45-0500", "Tue 03 Nov 01:45-0500"],
        "2026-11-01T00:30-04:00",
        ["Sun 01 Nov 01:00-0400", "Sun 01 Nov 01:00-0500", "Sun 01 Nov 02:00-0500"],
    ),
    Change(  # half an hour forward: 02:00 becomes 02:30
        "Australia/Lord_Howe",
        "2026-10-03T12:00+10:30",
        "02:10",
        ["Sun 04 Oct 02:30+1100", "Mon 05 Oct 02:10+1100", "Tue 06 Oct 02:10+1100"],
        "2026-10-04T00:45+10:30",
        ["Sun 04 Oct 01:00+1030", "Sun 04 Oct 03:00+1100", "Sun 04 Oct 04:00+1100"],
    ),
    Change(  # half an hour back: 02:00 becomes 01:30, so 02:00 itself comes once
        "Australia/Lord_Howe",
        "2027-04-03T12:00+11:00",
        "01:40",
        ["Sun 04 Apr 01:40+1100", "Mon 05 Apr 01:40+1030", "Tue 06 Apr 01:40+1030"],
        "2027-04-04T00:45+11:00",
        ["Sun 04 Apr 01:00+1100", "Sun 04 Apr 02:00+1030", "Sun 04 Apr 03:00+1030"],
    ),
    Change(  # southern: forward in September, at midnight
        "America/Santiago",
        "2026-09-05T12:00-04:00",
        "00:20",
        ["Sun 06 Sep 01:00-0300", "Mon 07 Sep 00:20-0300", "Tue 08 Sep 00:20-0300"],
        "2026-09-05T22:30-04:00",
        ["Sat 05 Sep 23:00-0400", "Sun 06 Sep 01:00-0300", "Sun 06 Sep 02:00-0300"],
    ),
    Change(  # southern: back in April, from midnight to 23:00 of the day before
        "America/Santiago",
        "2027-04-03T12:00-03:00",
        "23:40",
        ["Sat 03 Apr 23:40-0300", "Sun 04 Apr 23:40-0400", "Mon 05 Apr 23:40-0400"],
        "2027-04-03T22:30-03:00",
        ["Sat 03 Apr 23:00-0300", "Sat 03 Apr 23:00-0400", "Sun 04 Apr 00:00-0400"],
    ),
    Change(  # crossed the date line: 30 December 2011 did not happen
        "Pacific/Apia",
        "2011-12-29T12:00-10:00",
        "09:00",
        ["Sat 31 Dec 00:00+1400", "Sat 31 Dec 09:00+1400", "Sun 01 Jan 09:00+1400"],
        "2011-12-29T22:30-10:00",
        ["Thu 29 Dec 23:00-1000", "Sat 31 Dec 00:00+1400", "Sat 31 Dec 01:00+1400"],
    ),
    Change(
        "Pacific/Apia",
        "2012-03-31T12:00+14:00",
        "03:30",
        ["Sun 01 Apr 03:30+1400", "Mon 02 Apr 03:30+1300", "Tue 03 Apr 03:30+1300"],
        "2012-04-01T02:30+14:00",
        ["Sun 01 Apr 03:00+1400", "Sun 01 Apr 03:00+1300", "Sun 01 Apr 04:00+1300"],
    ),
    Change(  # at midnight, on a Friday
        "Africa/Cairo",
        "2027-04-29T12:00+02:00",
        "00:30",
        ["Fri 30 Apr 01:00+0300", "Sat 01 May 00:30+0300", "Sun 02 May 00:30+0300"],
        "2027-04-29T22:30+02:00",
        ["Thu 29 Apr 23:00+0200", "Fri 30 Apr 01:00+0300", "Fri 30 Apr 02:00+0300"],
    ),
    Change(
        "Africa/Cairo",
        "2026-10-29T12:00+03:00",
        "23:30",
        ["Thu 29 Oct 23:30+0300", "Fri 30 Oct 23:30+0200", "Sat 31 Oct 23:30+0200"],
        "2026-10-29T22:30+03:00",
        ["Thu 29 Oct 23:00+0300", "Thu 29 Oct 23:00+0200", "Fri 30 Oct 00:00+0200"],
    ),
]
NAMES = [f"{change.zone} {change.eve[:4]}-{change.eve[5:7]}" for change in TABLE]
each_change = pytest.mark.parametrize("change", TABLE, ids=NAMES)


def daily_triggers(change: Change) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return every way to say: daily at that local time."""
    hour, minute = (int(part) for part in change.inside.split(":"))
    eve = change.eve[:10]
    anchor = f"{'2011-12-01' if '2011' in eve else '2010-01-01'}T{change.inside}"
    plain = leg("cron", expression=f"{minute} {hour} * * *")
    return {
        "cron": ("cron", {"expression": f"{minute} {hour} * * *"}),
        "cron with seconds": ("cron", {"expression": f"0 {minute} {hour} * * *"}),
        "cron fields": ("cron", {"hour": hour, "minute": minute}),
        "interval": ("interval", {"days": 1, "start_date": anchor}),
        "calendarinterval": (
            "calendarinterval",
            {"days": 1, "hour": hour, "minute": minute, "start_date": anchor[:10]},
        ),
        "and": ("and", {"triggers": [plain, leg("cron", hour=hour, minute=minute)]}),
        "or": ("or", {"triggers": [plain, leg("interval", days=1, start_date=anchor)]}),
        "nested": ("or", {"triggers": [leg("and", triggers=[plain, leg("cron", hour=f"{hour},13", minute=minute)])]}),
    }


@each_change
@pytest.mark.parametrize("way", daily_triggers(TABLE[0]))
def test_what_is_due_daily_runs_once_a_day(change: Change, way: str) -> None:
    kind, kwargs = daily_triggers(change)[way]
    trigger = load(kind, kwargs, time_zone=change.zone)
    assert local(trigger, at(change.eve), 3) == change.daily
    assert local(stored(trigger), at(change.eve), 3) == change.daily


@each_change
def test_a_single_date_inside_runs_once(change: Change) -> None:
    year, first = change.eve[:4], change.daily[0]
    day = "2011-12-30" if year == "2011" else datetime.strptime(f"{year} {first[4:10]}", "%Y %d %b").date().isoformat()
    trigger = load("date", {"run_date": f"{day}T{change.inside}"}, time_zone=change.zone)
    assert local(trigger, at(change.eve), 2) == change.daily[:1]


@each_change
@pytest.mark.parametrize("kwargs", [{"expression": "0 * * * *"}, {"minute": 0}], ids=["expression", "fields"])
def test_what_is_due_hourly_follows_real_time(change: Change, kwargs: dict[str, Any]) -> None:
    trigger = load("cron", kwargs, time_zone=change.zone)
    assert local(trigger, at(change.hourly_from), 3) == change.hourly


@each_change
def test_intervals_of_hours_and_minutes_count_elapsed_time(change: Change) -> None:
    for units, seconds in [
        ({"hours": 1}, 3600),
        ({"minutes": 20}, 1200),
        ({"seconds": 45}, 45),
        ({"hours": 24}, 86_400),
    ]:
        trigger = load("interval", {**units, "start_date": "2010-01-01T00:00"}, time_zone=change.zone)
        found = due_times(trigger, at(change.eve), 80)
        assert {(later - earlier).total_seconds() for earlier, later in itertools.pairwise(found)} == {seconds}


@each_change
def test_every_minute_misses_and_doubles_nothing(change: Change) -> None:
    trigger = load("cron", {"expression": "* * * * *"}, time_zone=change.zone)
    found = due_times(trigger, at(change.hourly_from), 180)
    assert {(later - earlier).total_seconds() for earlier, later in itertools.pairwise(found)} == {60}


@each_change
def test_asking_from_any_moment_gives_the_same_due_times(change: Change) -> None:
    """A scheduler that restarts in the middle of a repeated hour neither repeats nor misses anything."""
    hour, minute = change.inside.split(":")
    for kwargs in ({"expression": f"{int(minute)} {int(hour)} * * *"}, {"expression": f"*/17 {int(hour)} * * *"}):
        trigger = load("cron", kwargs, time_zone=change.zone)
        eve = at(change.eve)
        expected = due_times(trigger, eve, 12)
        minutes = due_times(load("cron", {"expression": "*/7 * * * *"}), eve, 400)
        for moment in minutes:
            later = next((due for due in expected if due > moment), None)
            if later is not None:
                assert trigger.next_after(moment) == later, moment


def test_two_times_in_one_gap_run_once() -> None:
    trigger = load("cron", {"expression": "0,10,30 1 * * *"}, time_zone="Europe/London")
    found = local(trigger, at("2027-03-27T12:00+00:00"), 3)
    assert found == ["Sun 28 Mar 02:00+0100", "Mon 29 Mar 01:00+0100", "Mon 29 Mar 01:10+0100"]


def test_the_preview_flags_what_the_clocks_do() -> None:
    daily = load("cron", {"expression": "30 1 * * *"}, time_zone="Europe/London")
    flags = [due.flag for due in preview(daily, count=3, after=at("2027-03-27T00:00")).due_times]
    assert flags == ["", "gap", ""]
    assert [due.flag for due in preview(daily, count=2, after=at("2026-10-24T02:00")).due_times] == ["repeat", ""]
    noon = load("cron", {"expression": "0 12 * * *"}, time_zone="Europe/London")
    assert [due.flag for due in preview(noon, count=2, after=at("2027-03-27T14:00")).due_times] == ["clocks_change", ""]
    at_two = load("cron", {"expression": "0 2 * * *"}, time_zone="Europe/London")
    assert preview(at_two, count=1, after=at("2027-03-27T14:00")).due_times[0].flag == "clocks_change"
    once = load("date", {"run_date": "2027-03-28T01:30"}, time_zone="Europe/London")
    assert preview(stored(once), count=1, after=at("2027-03-27T14:00")).due_times[0].flag == "gap"


def test_three_and_four_o_clock_do_not_meet_even_where_a_gap_moves_three_to_four() -> None:
    both = {"triggers": [leg("cron", expression="30 3 * * *"), leg("cron", expression="0 4 * * *")]}
    assert load("and", both, time_zone="Europe/Athens").next_after(at("2027-03-01T00:00")) is None


def test_an_interval_that_begins_in_a_gap_keeps_the_time_that_was_meant() -> None:
    trigger = parse("interval", {"days": 1, "start_date": "2027-03-28T01:30"}, time_zone="Europe/London")
    expected = ["Sun 28 Mar 02:00+0100", "Mon 29 Mar 01:30+0100"]
    assert local(trigger, at("2027-03-27T00:00"), 2) == local(stored(trigger), at("2027-03-27T00:00"), 2) == expected


@pytest.mark.parametrize("units", [{"days": 1}, {"hours": 24}, {"days": 1, "hours": 1}])
def test_an_interval_that_begins_in_the_second_pass_of_a_repeated_hour_begins_there(units: dict[str, int]) -> None:
    start = "2026-10-25T01:30+00:00"
    trigger = parse("interval", {**units, "start_date": start}, time_zone="Europe/London")
    assert due_times(trigger, at("2026-10-24T00:00"), 1) == [at(start)]


def test_a_yearly_cron_that_follows_real_time_is_found_across_many_changes() -> None:
    trigger = load("cron", {"expression": "*/30 1 29 2 *"}, time_zone="Europe/London")
    assert local(trigger, at("2028-03-01T00:00"), 2) == ["Sun 29 Feb 01:00+0000", "Sun 29 Feb 01:30+0000"]
