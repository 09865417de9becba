"""JSON to trigger and back: versions, zones, unknown things, and triggers declared in code."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.calendarinterval import CalendarIntervalTrigger
from apscheduler.triggers.combining import AndTrigger, OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from schedules.triggers import VERSION, TriggerError, from_field_kwargs, load, parse
from tests.schedules.triggers import NOW, at, due_times, errors, leg, stored

EVERY_KIND: list[tuple[str, dict[str, Any]]] = [
    ("interval", {"minutes": 5}),
    ("interval", {"weeks": 2, "start_date": "2026-12-01T08:00", "end_date": "2027-12-01"}),
    ("cron", {"expression": "30 1 * * *"}),
    ("cron", {"hour": 1, "day_of_week": "mon-fri", "jitter": 30}),
    ("date", {"run_date": "2026-12-24T18:00"}),
    ("calendarinterval", {"months": 1, "hour": 3}),
    ("and", {"triggers": [leg("interval", hours=1), leg("cron", minute=0, hour="9-17")], "start_date": "2026-12-01"}),
    ("or", {"triggers": [leg("date", run_date="2026-12-24T18:00"), leg("or", triggers=[leg("interval", hours=3)])]}),
]


@pytest.mark.parametrize(("kind", "kwargs"), EVERY_KIND)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Amsterdam", "Asia/Kathmandu"])
def test_a_trigger_comes_back_from_json_as_it_was(kind: str, kwargs: dict[str, Any], zone: str) -> None:
    trigger = parse(kind, kwargs, time_zone=zone, salt="s", now=NOW)
    again = stored(trigger)
    assert json.loads(json.dumps(trigger.kwargs)) == trigger.kwargs == again.kwargs
    assert (again.kind, again.version, again.time_zone) == (kind, VERSION, zone)
    assert due_times(again, NOW, 20) == due_times(trigger, NOW, 20)
    assert parse(kind, trigger.kwargs, time_zone=zone, now=NOW + timedelta(days=3)).kwargs == trigger.kwargs


def test_what_is_given_is_not_changed() -> None:
    kwargs = {"triggers": [leg("interval", hours=1)]}
    before = json.dumps(kwargs)
    parse("or", kwargs)
    assert json.dumps(kwargs) == before


@pytest.mark.parametrize("version", [0, VERSION + 1, None, "1"])
def test_an_unknown_version_is_refused(version: Any) -> None:
    with pytest.raises(TriggerError, match="version"):
        load("cron", {"hour": 1}, version=version)


@pytest.mark.parametrize("kind", ["weekly", "", "CRON", None, 5, ["cron"], {"a": 1}])
def test_an_unknown_kind_is_refused(kind: Any) -> None:
    assert list(errors(kind, {})) == ["trigger"]


@pytest.mark.parametrize("kwargs", [None, [], "hour=1", 5, {1: 2}])
def test_arguments_that_are_no_object_are_refused(kwargs: Any) -> None:
    assert list(errors("cron", kwargs)) == ["trigger_kwargs"]


def test_all_errors_come_at_once() -> None:
    found = errors("cron", {"hour": 25, "minute": "x", "start_date": "soon", "colour": "red", "timezone": "Mars"})
    assert set(found) == {"hour", "minute", "start_date", "colour", "timezone"}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Europe/Lodnon", "There is no time zone “Europe/Lodnon”. Did you mean Europe/London?"),
        ("europe/london", "There is no time zone “europe/london”. Did you mean Europe/London?"),
        ("amsterdam", "There is no time zone “amsterdam”. Did you mean Europe/Amsterdam?"),
        ("New York", "There is no time zone “New York”. Did you mean America/New_York?"),
        ("Mars", "There is no time zone “Mars”."),
        ("", "There is no time zone “”."),
        ("../../etc/passwd", "There is no time zone “../../etc/passwd”."),
    ],
)
def test_an_unknown_time_zone_is_refused_with_a_suggestion(name: str, sentence: str) -> None:
    found = errors("cron", {"hour": 1, "timezone": name})["timezone"][0]
    assert found.startswith(sentence)
    assert found == sentence or "Did you mean" in found


def test_many_unknown_arguments_do_not_make_many_errors() -> None:
    assert len(errors("cron", {"hour": 1} | {f"x{number}": number for number in range(100_000)})) == 20


def test_the_zone_in_the_arguments_wins_and_is_kept() -> None:
    trigger = parse("cron", {"hour": 1, "timezone": "Asia/Tokyo"}, time_zone="Europe/London")
    assert trigger.time_zone == "Asia/Tokyo"
    assert trigger.kwargs == {"hour": 1, "timezone": "Asia/Tokyo"}
    assert "timezone" not in parse("cron", {"hour": 1}, time_zone="Europe/London").kwargs


def test_legs_stand_in_the_zone_of_the_whole_unless_they_name_their_own() -> None:
    legs = [leg("cron", hour=1), leg("cron", hour=1, timezone="UTC")]
    trigger = parse("or", {"triggers": legs, "timezone": "Asia/Tokyo"})
    assert [due.hour for due in due_times(trigger, NOW, 2)] == [16, 1]


def test_declarations_in_code_become_json_without_anchors() -> None:
    kwargs = {"hours": 2, "timezone": ZoneInfo("Europe/London"), "end_date": date(2027, 1, 1), "jitter": None}
    assert from_field_kwargs("interval", **kwargs) == (
        "interval",
        {"hours": 2, "timezone": "Europe/London", "end_date": "2027-01-01"},
    )
    run = datetime(2026, 12, 24, 18, tzinfo=UTC)
    assert from_field_kwargs("date", run_date=run) == ("date", {"run_date": "2026-12-24T18:00:00+00:00"})
    assert from_field_kwargs("cron", hour=1, timezone=UTC) == ("cron", {"hour": 1, "timezone": "UTC"})


@pytest.mark.parametrize(
    "trigger",
    [
        CronTrigger(hour=1, day_of_week="mon-fri", timezone="Europe/London"),
        CronTrigger.from_crontab("0 1 * * 0", timezone="UTC"),
        IntervalTrigger(days=1, hours=2, minutes=3, seconds=4, timezone="UTC"),
        IntervalTrigger(weeks=1, start_date="2026-12-01 00:00:00", timezone="UTC"),
        CalendarIntervalTrigger(months=1, hour=3, timezone="UTC", start_date="2026-01-05"),
        DateTrigger("2026-12-24 18:00:00", timezone="UTC"),
    ],
    ids=["cron", "crontab", "interval", "weeks", "calendar", "date"],
)
def test_a_trigger_object_of_apscheduler_becomes_json(trigger: Any) -> None:
    kind, kwargs = from_field_kwargs(trigger)
    assert from_field_kwargs(trigger) == (kind, json.loads(json.dumps(kwargs)))
    ours = parse(kind, kwargs, now=NOW)
    if "start_date" in kwargs or kind != "interval":
        expected = trigger.get_next_fire_time(None, at("2026-12-01T00:00"))
        if kind != "calendarinterval":  # theirs fires at once when the start has passed
            assert ours.first(at("2026-12-01T00:00")) == expected
    else:
        assert kwargs == {"days": 1, "hours": 2, "minutes": 3, "seconds": 4, "timezone": "UTC"}


def test_combined_trigger_objects_become_json() -> None:
    either = OrTrigger([CronTrigger(hour=1, timezone="UTC"), AndTrigger([CronTrigger(minute=5, timezone="UTC")])])
    kind, kwargs = from_field_kwargs(either)
    assert [due.minute for due in due_times(parse(kind, kwargs), at("2026-11-24T00:30"), 3)] == [0, 5, 5]


def test_what_is_no_trigger_is_refused_as_a_declaration() -> None:
    with pytest.raises(TypeError, match="neither"):
        from_field_kwargs(timedelta(days=1))
    kind, kwargs = from_field_kwargs("cron", hour=1, timezone=timezone(timedelta(hours=2)))
    assert list(errors(kind, kwargs)) == ["timezone"]
