"""The way back: what the form shows of a stored trigger means the same, and does not count as changed."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from schedules.forms import TimingForm
from schedules.forms.from_trigger import timing_values
from schedules.triggers import parse


@pytest.mark.parametrize(
    ("kind", "kwargs", "shown"),
    [
        ("cron", {"expression": "30 1 * * *"}, "daily"),
        ("cron", {"expression": "0 9 * * 1,3"}, "weekly"),
        ("cron", {"expression": "0 9 15 * *"}, "monthly"),
        ("cron", {"expression": "0 9 * * 5L"}, "monthly"),
        ("cron", {"expression": "0 9 * * 1-5"}, "cron"),
        ("cron", {"expression": "*/5 * * * *"}, "cron"),
        ("cron", {"hour": "1", "second": "*/20"}, "cron"),
        ("cron", {"expression": "30 1 * * *", "start_date": "2027-01-01T00:00:00", "jitter": 5}, "daily"),
        ("cron", {"expression": "30 1 * * *", "except_dates": ["12-25", "2026-12-31"]}, "daily"),
        ("date", {"run_date": "2027-07-01T10:00:00"}, "once"),
        ("interval", {"minutes": 5}, "every"),
        ("interval", {"weeks": 2, "start_date": "2027-01-04T08:00:00", "end_date": "2028-01-01"}, "every"),
        ("interval", {"hours": 1, "minutes": 30}, "combine"),
        ("calendarinterval", {"months": 1, "hour": 3, "minute": 15}, "every"),
        ("calendarinterval", {"months": 1, "weeks": 1}, "combine"),
        ("calendarinterval", {"months": 1, "second": 30}, "combine"),
        (
            "or",
            {
                "triggers": [
                    {"trigger": "cron", "trigger_kwargs": {"expression": "0 9 * * *"}},
                    {"trigger": "interval", "trigger_kwargs": {"hours": 5}},
                    {"trigger": "date", "trigger_kwargs": {"run_date": "2027-07-01T10:00:00"}},
                ]
            },
            "combine",
        ),
        (
            "and",
            {
                "triggers": [
                    {
                        "trigger": "or",
                        "trigger_kwargs": {"triggers": [{"trigger": "cron", "trigger_kwargs": {"hour": "1"}}]},
                    },
                    {"trigger": "cron", "trigger_kwargs": {"expression": "0 1 * * *"}},
                ]
            },
            "combine",
        ),
    ],
)
def test_a_stored_trigger_comes_back_from_the_form_with_the_same_due_times(
    kind: str, kwargs: dict[str, Any], shown: str
) -> None:
    stored = parse(kind, kwargs, time_zone="Europe/London")
    values = timing_values(stored.kind, stored.kwargs, "Europe/London")
    assert values["kind"] == shown
    form = TimingForm(TimingForm(initial=values).as_sent())
    assert form.is_valid(), form.errors
    assert form.trigger is not None
    ours, theirs = form.trigger, stored
    at = after = ours.first(timezone.now())
    for _step in range(20):
        if at is None:
            break
        assert at == after
        at, after = ours.next_after(at), theirs.next_after(at)
    assert ours.kind == theirs.kind


def test_an_untouched_edit_form_has_not_changed() -> None:
    stored = parse("interval", {"minutes": 5}, time_zone="Europe/London")
    values = timing_values(stored.kind, stored.kwargs, "Europe/London")
    assert not TimingForm(TimingForm(initial=values).as_sent(), initial=values).has_changed()
    changed = TimingForm(initial=values).as_sent()
    changed["every"] = "6"
    assert TimingForm(changed, initial=values).has_changed()


def test_an_interval_keeps_its_rhythm_when_something_else_is_edited() -> None:
    stored = parse("interval", {"hours": 1, "start_date": "2026-11-24T10:17:00"}, time_zone="UTC")
    values = timing_values(stored.kind, stored.kwargs, "UTC")
    data = TimingForm(initial=values).as_sent()
    data["end_date"] = "2030-01-01T00:00"
    form = TimingForm(data)
    assert form.is_valid(), form.errors
    assert form.trigger is not None
    due = form.trigger.first(timezone.now())
    assert due is not None
    assert due.minute == 17
