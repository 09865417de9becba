"""Kinds of triggers, with examples as the preview answers them."""

from __future__ import annotations

import inspect
import json
from datetime import UTC, datetime
from typing import Any

from reference_pages import code, page, table


@page("Triggers")
def triggers() -> str:
    from schedules.triggers import calendarinterval, combining, cron, date, interval
    from schedules.triggers.cronfields import NAMES

    own = {
        "interval": (interval, ", ".join(map(code, interval.UNITS)) + ", at least one of them and more than zero"),
        "cron": (cron, "`expression`, or APScheduler's fields: " + ", ".join(map(code, NAMES))),
        "date": (date, "`run_date`"),
        "calendarinterval": (calendarinterval,
                             ", ".join(map(code, (*calendarinterval.UNITS, *calendarinterval.TIMES)))),
        "and, or": (combining, '`triggers`, a list of `{"trigger": …, "trigger_kwargs": {…}}`'),
    }  # fmt: skip
    text = (
        "When a schedule is due, as JSON: `trigger` is the kind, `trigger_kwargs` its arguments. Forms, API and code "
        "take the same. Every kind takes `timezone`, `end_date`, `jitter` (a delay of up to so many seconds, the same "
        "whenever one asks) and `except_dates` (`2026-12-25`, or `12-25` for every year); `start_date` is the "
        "earliest possible due time (of a calendar interval: its first day). The sentences and times below are what "
        "`POST /api/schedules/preview/` answers, for the start of 2026.\n"
    )
    for name, (module, arguments) in own.items():
        documentation = (inspect.getdoc(module) or "").strip()
        text += f"\n## {name}\n\n{documentation}\n\nArguments: {arguments}.\n\n{_previews(name.split(', '))}"
    return text


EXAMPLES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("interval", {"minutes": 15, "start_date": "2026-01-01T00:00:00"}),
    ("interval", {"days": 2, "start_date": "2026-01-01T06:30:00", "timezone": "Europe/Amsterdam"}),
    ("cron", {"expression": "0 1 * * 1-5", "timezone": "Europe/Amsterdam"}),
    ("cron", {"expression": "0 6 L * *"}),
    ("cron", {"expression": "0 6 * * 5#1"}),
    ("cron", {"hour": 1}),
    ("cron", {"day_of_week": "mon-fri", "hour": "8-17", "except_dates": ["01-01", "12-25"]}),
    ("date", {"run_date": "2026-03-01T12:00:00", "timezone": "Europe/Amsterdam"}),
    ("calendarinterval", {"months": 1, "start_date": "2026-01-31", "hour": 3}),
    ("and", {"triggers": [{"trigger": "cron", "trigger_kwargs": {"expression": "0 3 * * *"}},
                          {"trigger": "cron", "trigger_kwargs": {"expression": "* * * * 1"}}]}),
    ("or", {"triggers": [{"trigger": "cron", "trigger_kwargs": {"expression": "0 8 * * 1-5"}},
                         {"trigger": "cron", "trigger_kwargs": {"expression": "0 10 * * 6,7"}}]}),
)  # fmt: skip


def _previews(kinds: list[str]) -> str:
    from schedules.triggers import parse, preview

    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = []
    for kind, kwargs in EXAMPLES:
        if kind not in kinds:
            continue
        shown = preview(parse(kind, kwargs, now=start), count=2, after=start)
        times = ", ".join(f"{due.at.astimezone(parse(kind, kwargs, now=start).zone):%a %d %b %H:%M}"
                          for due in shown.due_times)  # fmt: skip
        rows.append((code(f"{kind}: {json.dumps(kwargs)}"), shown.description, times))
    return table(("trigger", "in words", "next"), rows)
