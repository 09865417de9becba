"""Triggers in words, in British English, and in agreement with what fires."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import translation

from schedules.triggers import TriggerError, load, parse
from schedules.triggers.cron import from_expression
from tests.schedules.test_triggers_cron import random_expression
from tests.schedules.triggers import NOW, crons, due_times, leg

CRON = {
    "30 1 * * *": "Every day at 01:30",
    "0 1 * * 1-5": "At 01:00 on Monday to Friday",
    "0 9 * * 6,0": "At 09:00 on Saturday and Sunday",
    "0 9 * * 7": "At 09:00 on Sunday",
    "0 9,12,17 * * *": "Every day at 09:00, 12:00 and 17:00",
    "*/5 * * * *": "Every 5 minutes",
    "* * * * *": "Every minute",
    "0 * * * *": "Every hour",
    "15 * * * *": "At 15 minutes past every hour",
    "1 * * * *": "At 1 minute past every hour",
    "*/7 * * * *": "At 0, 7, 14, 21, 28, 35, 42, 49 and 56 minutes past every hour",
    "*/15 9-17 * * 1-5": "Every 15 minutes from 09:00 to 17:45 on Monday to Friday",
    "* 1 * * *": "Every minute from 01:00 to 01:59",
    "0 */2 * * *": "Every 2 hours from 00:00",
    "30 1-23/2 * * *": "Every 2 hours from 01:30",
    "0 8-20/2 * * *": "Every 2 hours from 08:00 to 20:00",
    "0 0 1 * *": "At 00:00 on the 1st of the month",
    "0 0 1,15 * *": "At 00:00 on the 1st and 15th of the month",
    "0 4 8-14 * *": "At 04:00 on the 8th to 14th of the month",
    "0 0 L * *": "At 00:00 on the last day of the month",
    "0 0 29 2 *": "At 00:00 on 29 February",
    "0 0 1 1,7 *": "At 00:00 on the 1st of January and July",
    "0 1 * 6 *": "At 01:00 every day in June",
    "*/5 * * 6-8 *": "Every 5 minutes in June to August",
    "0 6 * * 2#2": "At 06:00 on the second Tuesday of the month",
    "0 6 * * 5L": "At 06:00 on the last Friday of the month",
    "0 0 13 * 5": "At 00:00 on the 13th of the month and also on Friday",
    "3-50/7 2,5-9 * * *": "At minute 3, 10, 17, 24, 31, 38 and 45 of hour 2 and 5 to 9",
    "30 0 1 * * *": "Every day at 01:00:30",
    "*/10 * * * * *": "Every 10 seconds",
    "* * * * * *": "Every second",
    "@weekly": "At 00:00 on Sunday",
    "0 0 */2 * 1": "At 00:00 on every second day of month if it's on Monday",  # cronsim's own: a rare one
}


@pytest.mark.parametrize("expression", CRON)
def test_a_cron_expression_in_words(expression: str) -> None:
    assert parse("cron", {"expression": expression}).describe() == CRON[expression]


@pytest.mark.parametrize(
    ("kind", "kwargs", "sentence"),
    [
        ("cron", {"hour": 1}, "Every day at 01:00"),
        ("cron", {"day_of_week": "mon-fri", "hour": 9}, "At 09:00 on Monday to Friday"),
        ("cron", {"day": "last", "hour": 3}, "At 03:00 on the last day of the month"),
        ("cron", {"day": "2nd fri"}, "At 00:00 on the second Friday of the month"),
        ("cron", {"day": "1-7", "day_of_week": "mon"}, "At 00:00 on the 1st to 7th of the month if it is a Monday"),
        ("cron", {"week": 10, "day_of_week": 0, "hour": 8}, "At 08:00 on Monday in ISO week 10"),
        ("cron", {"year": 2090, "month": 1, "day": 1}, "At 00:00 on 1 January in 2090"),
        ("interval", {"minutes": 5, "start_date": "2026-11-24"}, "Every 5 minutes from 00:00"),
        ("interval", {"minutes": 15, "start_date": "2026-11-24T00:20"}, "Every 15 minutes from 00:05"),
        ("interval", {"hours": 1, "start_date": "2026-11-24"}, "Every hour from 00:00"),
        ("interval", {"hours": 2, "start_date": "2026-11-24"}, "Every 2 hours"),
        (
            "interval",
            {"minutes": 90, "start_date": "2026-11-24"},
            "Every 1 hour and 30 minutes",
        ),
        ("interval", {"hours": 2, "start_date": "2096-11-24"}, "Every 2 hours, from 24 November 2096, 00:00"),
        ("interval", {"seconds": 1, "start_date": "2026-11-24"}, "Every second"),
        ("interval", {"days": 1, "start_date": "2026-11-20T01:30"}, "Every day at 01:30"),
        ("interval", {"weeks": 1, "start_date": "2026-11-20T01:30"}, "Every week on Friday at 01:30"),
        (
            "interval",
            {"weeks": 2, "start_date": "2026-11-20T01:30"},
            "Every 2 weeks on Friday at 01:30, from 20 November 2026",
        ),
        ("interval", {"days": 1, "start_date": "2096-11-20T01:30"}, "Every day at 01:30, from 20 November 2096"),
        ("calendarinterval", {"months": 1, "hour": 3, "start_date": "2026-01-15"}, "Every month on the 15th at 03:00"),
        (
            "calendarinterval",
            {"months": 1, "start_date": "2025-01-31"},
            "Every month on the 31st, in months that have it, at 00:00",
        ),
        (
            "calendarinterval",
            {"years": 1, "start_date": "2024-02-29"},
            "Every year on 29 February, in leap years, at 00:00",
        ),
        (
            "calendarinterval",
            {"months": 2, "days": 3, "start_date": "2026-01-15"},
            "Every 2 months and 3 days at 00:00, from 15 January 2026",
        ),
        ("date", {"run_date": "2097-03-28T01:30"}, "Once, on 28 March 2097 at 01:30"),
        ("or", crons("30 1 * * *", "0 12 * * 0"), "Every day at 01:30, or at 12:00 on Sunday"),
        (
            "and",
            crons("0 9 * * *", "0 9 * * 1"),
            "Whenever both are due: [every day at 09:00] and [at 09:00 on Monday]",
        ),
        (
            "or",
            {"triggers": [leg("cron", hour=1, timezone="Asia/Tokyo"), leg("cron", hour=2)], "jitter": 90},
            "Every day at 01:00 (Asia/Tokyo), or every day at 02:00, "
            "delayed at random by up to 1 minute and 30 seconds",
        ),
        ("cron", {"hour": 1, "start_date": "2096-12-01"}, "Every day at 01:00, from 1 December 2096, 00:00"),
        ("cron", {"hour": 1, "end_date": "2096-12-31"}, "Every day at 01:00, until 31 December 2096"),
        ("cron", {"hour": 1, "end_date": "2096-12-31T12:30"}, "Every day at 01:00, until 31 December 2096, 12:30"),
        ("cron", {"hour": 1, "end_date": "9999-12-31"}, "Every day at 01:00"),
    ],
)
def test_a_trigger_in_words(kind: str, kwargs: dict[str, Any], sentence: str) -> None:
    assert parse(kind, kwargs).describe() == sentence


def test_two_expressions_with_one_sentence_are_due_at_the_same_times() -> None:
    """So a sentence leaves nothing out that matters: 1,500 random expressions, those of one sentence compared."""
    source = random.Random(3)
    by_sentence: dict[str, str] = {}
    for _attempt in range(1500):
        expression = simple_expression(source) if source.random() < 0.7 else random_expression(source)
        try:
            trigger = parse("cron", {"expression": expression})
        except TriggerError:
            continue
        same = by_sentence.setdefault(trigger.describe(), expression)
        times = from_expression(expression).times
        assert times == from_expression(same).times, (same, expression)
        january = datetime(2028, 1, 1, tzinfo=UTC)
        other = load("cron", {"expression": same})
        assert due_times(trigger, january, 40) == due_times(other, january, 40), (same, expression)
    assert len(by_sentence) < 1490  # some did share one


def simple_expression(source: random.Random) -> str:
    """Return an expression with few values, so that sentences of several coincide."""
    return " ".join(
        [
            source.choice(["0", "30", "*/15", "0,15,30,45", "*/30", "0,30", "*", "0-59", "*/20"]),
            source.choice(["*", "1", "0-23", "*/2", "0-22/2", "9-17", "1,2", "9-17/1", "*/12"]),
            source.choice(["*", "1", "1-31", "L", "1,2,3", "1-3", "*/2", "13"]),
            source.choice(["*", "1", "JAN", "1-12", "1-3", "1,2,3"]),
            source.choice(["*", "0", "7", "SUN", "1-5", "MON-FRI", "1,2,3,4,5", "0-7", "2#1", "5L", "0-6"]),
        ]
    )


def test_sentences_are_translated() -> None:
    trigger = parse("cron", {"expression": "0 1 * * 1-5"}, now=NOW)
    with translation.override("de"):
        assert "Montag" in trigger.describe()  # from Django's own catalogue: ours is British English
    assert "Monday" in trigger.describe()
