"""Cron: crontab(5) as cronsim has it, APScheduler's fields as APScheduler has them, and errors for people."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from cronsim import CronSim, CronSimError

from schedules.triggers import TriggerError, load, parse
from tests.schedules.triggers import NOW, at, due_times, errors, local, stored


@pytest.mark.parametrize(
    ("expression", "first"),
    [
        ("30 1 * * *", "Wed 25 Nov 01:30+0000"),
        ("0 9 * * 0", "Sun 29 Nov 09:00+0000"),
        ("0 9 * * 7", "Sun 29 Nov 09:00+0000"),
        ("0 9 * * sun", "Sun 29 Nov 09:00+0000"),
        ("0 9 * * 1", "Mon 30 Nov 09:00+0000"),
        ("0 1 * * 1-5", "Wed 25 Nov 01:00+0000"),
        ("0 0 1 * *", "Tue 01 Dec 00:00+0000"),
        ("0 0 13 * 5", "Fri 27 Nov 00:00+0000"),  # day of month OR day of week
        ("0 0 */2 * 5", "Fri 27 Nov 00:00+0000"),  # a star in one of them: AND
        ("0 0 L * *", "Mon 30 Nov 00:00+0000"),
        ("0 0 LW 1 *", "Fri 29 Jan 00:00+0000"),
        ("0 6 * * 2#1", "Tue 01 Dec 06:00+0000"),
        ("0 6 * * 5L", "Fri 27 Nov 06:00+0000"),
        ("*/10 * * * * *", "Tue 24 Nov 09:00+0000"),
        ("@daily", "Wed 25 Nov 00:00+0000"),
        ("@hourly", "Tue 24 Nov 10:00+0000"),
        ("0 0 29 2 *", "Tue 29 Feb 00:00+0000"),
        ("  30   1 * *  * ", "Wed 25 Nov 01:30+0000"),
    ],
)
def test_an_expression_means_what_crontab_says(expression: str, first: str) -> None:
    trigger = parse("cron", {"expression": expression})
    assert local(trigger, NOW, 1) == [first]
    assert local(stored(trigger), NOW, 1) == [first]


@pytest.mark.parametrize(
    ("fields", "first"),
    [
        ({"hour": 1}, "2026-11-25T01:00:00"),  # minute and second default to 0 after the last field given
        ({"minute": 5}, "2026-11-24T09:05:00"),
        ({"month": 6}, "2027-06-01T00:00:00"),
        ({"day_of_week": 0}, "2026-11-30T00:00:00"),  # Monday is 0 in this form
        ({"day_of_week": "sun", "hour": "3"}, "2026-11-29T03:00:00"),
        ({"day": "last", "hour": 4}, "2026-11-30T04:00:00"),
        ({"day": "2nd fri"}, "2026-12-11T00:00:00"),
        ({"day": 13, "day_of_week": "fri"}, "2027-08-13T00:00:00"),  # both must match
        ({"week": 1, "day_of_week": "mon"}, "2027-01-04T00:00:00"),
        ({"year": 2040}, "2040-01-01T00:00:00"),
        ({"second": "*/20"}, "2026-11-24T09:00:20"),
    ],
)
def test_fields_mean_what_apscheduler_says(fields: dict[str, Any], first: str) -> None:
    trigger = parse("cron", fields)
    assert due_times(trigger, NOW, 1) == [at(first)]
    assert due_times(stored(trigger), NOW, 1) == [at(first)]


def test_a_thousand_random_expressions_agree_with_cronsim() -> None:
    """Half-hour changes and those at midnight lead cronsim itself astray in what runs hourly: they are left to the
    golden table."""
    source = random.Random(20_261_124)
    zones = ["UTC", "Europe/London", "America/New_York", "America/Sao_Paulo", "Asia/Tokyo", "Pacific/Apia"]
    compared = refused = 0
    while compared < 1000:
        expression, zone = random_expression(source), source.choice(zones)
        start = datetime(source.choice([2011, 2026, 2027]), source.randint(1, 12), source.randint(1, 28), tzinfo=UTC)
        start += timedelta(seconds=source.randrange(86_400))
        try:
            cronsim = CronSim(expression, start.astimezone(ZoneInfo(zone)))
        except CronSimError:
            refused += 1
            assert "expression" in errors("cron", {"expression": expression}, time_zone=zone)
            continue
        trigger = stored(load("cron", {"expression": expression}, time_zone=zone))
        expected = [moment.astimezone(UTC) for moment, _n in zip(cronsim, range(15), strict=False)]
        assert due_times(trigger, start, len(expected)) == expected, (expression, zone, start)
        compared += 1
    assert refused < 200


def test_random_fields_agree_with_apscheduler_away_from_clock_changes() -> None:
    source = random.Random(7)
    for _attempt in range(300):
        fields = random_fields(source)
        try:
            theirs = CronTrigger(**fields, timezone="UTC")
        except ValueError:
            assert errors("cron", fields)
            continue
        ours = stored(load("cron", fields))
        moment = datetime(2026, source.randint(1, 12), source.randint(1, 28), source.randint(0, 23), tzinfo=UTC)
        for _n in range(5):
            expected = theirs.get_next_fire_time(moment, moment)
            assert ours.next_after(moment) == expected, (fields, moment)
            if expected is None:
                break
            moment = expected


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("0 25 * * *", "'0 25 * * *' has no hour 25 (0 to 23)."),
        ("61 1 * * *", "'61 1 * * *' has no minute 61 (0 to 59)."),
        ("0 1 32 * *", "'0 1 32 * *' has no day of month 32 (1 to 31)."),
        ("0 1 * 0-3 *", "'0 1 * 0-3 *' has no month 0 (1 to 12)."),
        ("0 1 * * 8", "'0 1 * * 8' has no day of week 8 (0 to 7)."),
        ("0 1 * * 1,9", "'0 1 * * 1,9' has no day of week 9 (0 to 7)."),
        ("70 0 1 * * *", "'70 0 1 * * *' has no second 70 (0 to 59)."),
        ("0 */0 * * *", "'0 */0 * * *' has a step '0' in the hour; a step is a number from 1."),
        ("0 1 * * fri-mon", "counts backwards in the day of week: FRI-MON. Write the smaller one first."),
        ("0 1 * * 1#6", "asks for week '6' of the month (1 to 5)."),
        ("0 x * * *", "'0 x * * *' cannot be read: 'X' is not a valid hour (0 to 23)."),
        ("0 1 * *", "'0 1 * *' has 4 fields. A cron expression has five"),
        ("daily", "'daily' has 1 field. A cron expression has five"),
        ("", "Give a cron expression such as 30 1 * * *."),
        ("@often", "There is no '@often'. Known are: @yearly"),
        ("0 0 30 2 *", "would never run: no month that it names has such a day."),
        ("0 0 31 4,6,9,11 *", "would never run: no month that it names has such a day."),
        ("0 0 */29 * 1#2", "This is never due"),
        ("*" * 300, "This is longer than 250 characters."),
        (5, "Give a text."),
    ],
)
def test_a_wrong_expression_is_refused_with_a_sentence(expression: Any, sentence: str) -> None:
    (found,) = errors("cron", {"expression": expression})["expression"]
    assert sentence in found


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"hour": 25}, "hour", "Give a number from 0 to 23."),
        ({"hour": "25"}, "hour", "'25' cannot be read here (0 to 23, or a text such as */5 or 1-5)."),
        ({"minute": "*/0"}, "minute", "'*/0' cannot be read here"),
        ({"day_of_week": 7}, "day_of_week", "Give a number from 0 to 6."),
        ({"day_of_week": "mon-fri/2"}, "day_of_week", "'mon-fri/2' cannot be read here"),
        ({"month": "january"}, "month", "'january' cannot be read here"),
        ({"hour": "\u0661"}, "hour", "cannot be read here"),
        ({"day": "6th mon"}, "day", "'6th mon' cannot be read here"),
        ({"hour": 1.5}, "hour", "Give a number or a text"),
        ({"hour": True}, "hour", "Give a number or a text"),
        ({"hour": "1" * 200}, "hour", "This is longer than 100 characters."),
        ({}, "expression", "Give a cron expression"),
        ({"expression": "0 1 * * *", "hour": 3}, "expression", "Give an expression or single fields, not both."),
        ({"year": 2020}, "year", "This is never due"),
        ({"hours": 1}, "hours", "This trigger has no such argument."),
    ],
)
def test_wrong_fields_are_refused_beside_their_field(fields: dict[str, Any], field: str, sentence: str) -> None:
    found = errors("cron", fields)
    assert sentence in found[field][0]


def test_start_is_the_earliest_due_time_itself_included_and_end_the_latest() -> None:
    bounds = {"start_date": "2026-12-01T01:30", "end_date": "2026-12-03T01:30"}
    trigger = parse("cron", {"expression": "30 1 * * *", **bounds}, time_zone="Europe/London")
    assert trigger.first(NOW) == at("2026-12-01T01:30")
    assert due_times(trigger, NOW, 9)[-1] == at("2026-12-03T01:30")
    whole_day = parse("cron", {"expression": "30 1 * * *", "end_date": "2026-11-26"})
    assert due_times(whole_day, NOW, 9)[-1] == at("2026-11-26T01:30")
    assert due_times(stored(whole_day), NOW, 9) == due_times(whole_day, NOW, 9)


def test_what_the_database_holds_is_read_even_when_it_is_over() -> None:
    assert load("cron", {"year": 2020}).next_after(NOW) is None
    with pytest.raises(TriggerError):
        parse("cron", {"year": 2020})


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize("expression", ["59 23 31 12 *", "* * * * *", "0 0 29 2 *"])
def test_the_end_of_time_is_an_end(expression: str, zone: str) -> None:
    kwargs = {"expression": expression, "start_date": "9990-01-01T00:00:00"}
    trigger = parse("cron", kwargs, time_zone=zone)
    assert trigger.next_after(at("9998-12-29T23:59")) is None or expression == "* * * * *"
    assert trigger.next_after(at("9998-12-30T11:00")) is None
    assert trigger.next_after(datetime.max.replace(tzinfo=UTC)) is None


def random_expression(source: random.Random) -> str:
    """Return five fields of every shape that crontab knows."""
    return " ".join(
        [
            _field(source, 0, 59, []),
            _field(source, 0, 23, []),
            _field(source, 1, 31, ["L", "LW"]),
            _field(source, 1, 12, ["JAN", "MAR-MAY"]),
            _field(source, 0, 7, ["MON", "FRI", "sun", "1-5", "5L", "2#3", "7"]),
        ]
    )


def _field(source: random.Random, low: int, high: int, names: list[str]) -> str:
    if source.random() < 0.3:
        return "*"
    return ",".join(_term(source, low, high, names) for _n in range(source.choice([1, 1, 1, 2, 3])))


def _term(source: random.Random, low: int, high: int, names: list[str]) -> str:
    first, last = sorted(source.choices(range(low, high + 1), k=2))
    shapes = [str(first), str(last), f"{first}-{last}", f"*/{source.randint(1, high)}", "*"]
    shapes += [f"{first}-{last}/{source.randint(1, 9)}", f"{first}/{source.randint(1, 9)}"]
    return source.choice(shapes + ([source.choice(names)] if names else []))


def random_fields(source: random.Random) -> dict[str, Any]:
    choices: dict[str, list[Any]] = {
        "month": ["*", 3, "1-6", "*/2", "jan-apr"],
        "day": ["*", 31, "1,15", "last", "3rd tue", "last fri", "*/10"],
        "week": ["*", 1, "10-20", 53],
        "day_of_week": ["*", 0, "mon-fri", "sat,sun", 6],
        "hour": ["*", 0, "9-17", "*/5", "1,13"],
        "minute": ["*", 0, 30, "*/7", "5-10"],
        "second": ["*", 0, "*/30"],
    }
    names = source.sample(list(choices), source.randint(1, 5))
    return {"year": "2026-2030"} | {name: source.choice(choices[name]) for name in names}  # theirs looks up to 9999
