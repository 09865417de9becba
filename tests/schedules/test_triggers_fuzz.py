"""Ten thousand trigger specifications that nobody would write: each is refused by field or works, and none takes long.

What is accepted is used as a schedule would use it: previewed, stored, read back, asked again.
"""

from __future__ import annotations

import json
import math
import random
import time
from datetime import timedelta
from typing import Any

import pytest

from schedules.triggers import TriggerError, parse, preview
from tests.schedules.triggers import NOW, stored

KINDS = ["interval", "cron", "date", "calendarinterval", "and", "or"]
ODD: list[Any] = [None, True, False, 0, -1, 1, 2, 59, 60, 10**9, 10**40, -(10**40), 1.5, 1e308, math.nan, math.inf]
ODD += [
    "",
    " ",
    "*",
    "*/2",
    "0",
    "\u0661",
    "²",
    "5" * 5000,
    "\x00",
    "🦥",
    "1-5",
    "L",
    [],
    {},
    [1],
    {"a": 1},
    "last",
    "-1",
]
DATES: list[Any] = ["2026-12-01", "2026-12-01T08:30", "2026-12-01T08:30:00.123456+05:45", "2027-03-28T01:30:00Z"]
DATES += ["9999-12-31", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "1970-01-01", "2026-02-30"]
DATES += ["1969-12-31T23:59", "2026-W10-1", "20261201", "now", 1_800_000_000, "2026-12-01 08:30", "2026-12-01T25:00"]
ZONES: list[Any] = ["UTC", "Europe/London", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo", "Europe/Lodnon"]
ZONES += ["", 5, None, "../UTC", "Asia/Kathmandu", "America/New_York", "Factory", "EST5EDT"]
FIELDS = ["year", "month", "day", "week", "day_of_week", "hour", "minute", "second"]
TERMS = [
    "*",
    "*/2",
    "*/0",
    "1-5",
    "5-1",
    "0",
    "7",
    "59",
    "61",
    "L",
    "LW",
    "1#2",
    "5L",
    "MON",
    "jan",
    "x",
    "",
    "1,2",
    "/",
]
TERMS += [
    "1/2/3",
    "--",
    "1-",
    "#",
    "*/99999999999999",
    "0-59",
    "2nd mon",
    "last",
    "31",
    "29",
    "*/31",
    "1#9",
    "7#1",
    "?",
]
UNITS = ["weeks", "days", "hours", "minutes", "seconds", "years", "months"]


@pytest.mark.parametrize("seed", range(10))
def test_a_thousand_odd_specifications(seed: int) -> None:
    source = random.Random(seed)
    accepted = refused = 0
    for number in range(1000):
        kind, kwargs = specification(source, depth=0)
        started = time.thread_time()
        try:
            trigger = parse(kind, kwargs, time_zone=source.choice(["UTC", "Europe/London", "Africa/Cairo"]), now=NOW)
        except TriggerError as error:
            refused += 1
            found = error.errors
            if not found or not all(path and sentences for path, sentences in found.items()):
                pytest.fail(f"{kind} {kwargs} is refused without a field: {found}")
        else:
            accepted += 1
            shown = preview(trigger, count=10, after=NOW)
            again = preview(stored(trigger), count=10, after=NOW)
            assert json.loads(json.dumps(trigger.kwargs, allow_nan=False)) == trigger.kwargs
            assert shown.description
            times = [due.at for due in shown.due_times]
            assert times == sorted(set(times))
            if shown.complete and again.complete:
                assert [due.at for due in again.due_times] == times
            if times:
                assert trigger.next_after(times[0] - timedelta(microseconds=1)) == times[0]
        assert time.thread_time() - started < 1, (seed, number, kind, kwargs)
    assert accepted > 150
    assert refused > 200


def specification(source: random.Random, depth: int) -> tuple[Any, Any]:
    """Return a kind and arguments: mostly nearly right, so that much of it is accepted."""
    if source.random() < 0.02:
        return source.choice([*ODD, "cron"]), source.choice([*ODD, {}])
    kind = source.choice(KINDS if depth < 6 else KINDS[:4])
    kwargs = _arguments(source, kind, depth)
    if source.random() < 0.15:
        kwargs["timezone"] = source.choice(ZONES)
    for name in ("start_date", "end_date"):
        if source.random() < 0.15:
            kwargs[name] = source.choice(DATES)
    if source.random() < 0.15:
        kwargs["jitter"] = source.choice([1, 60, 3600, 86_400, *ODD])
    if source.random() < 0.1:
        kwargs["except_dates"] = source.choice([["2026-12-01"], ["12-25", "02-29"], ["2027-03-28", 5], *ODD])
    if source.random() < 0.05:
        kwargs[source.choice(["colour", "run_date", "", "triggers", "hour", "__class__", "x" * 999])] = source.choice(
            ODD
        )
    if source.random() < 0.1 and kwargs:
        kwargs[source.choice(list(kwargs))] = source.choice(ODD)
    return kind, kwargs


def _arguments(source: random.Random, kind: str, depth: int) -> dict[str, Any]:
    if kind == "date":
        return {"run_date": source.choice(DATES)}
    if kind == "cron" and source.random() < 0.5:
        terms = [source.choice(TERMS[:2] * 8 + TERMS) for _n in range(source.choice([5, 5, 5, 6, 6, 4]))]
        return {"expression": source.choice([" ", " ", "  ", "\t"]).join(terms)}
    if kind == "cron":
        return {name: source.choice([*range(12), *TERMS]) for name in source.sample(FIELDS, source.randint(0, 5))}
    if kind in {"interval", "calendarinterval"}:
        units = source.sample(UNITS[:5] if kind == "interval" else ["years", "months", "weeks", "days", "hour"], 2)
        return {unit: source.choice([1, 1, 2, 7, 23, 59, 61, 3601, 86_399, 0]) for unit in units}
    legs = []
    for _n in range(source.choice([1, 2, 2, 2, 3, 5])):
        name, kwargs = specification(source, depth + 1)
        legs.append({"trigger": name, "trigger_kwargs": kwargs})
    return {"triggers": legs}
