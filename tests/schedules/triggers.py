"""Short ways to ask triggers in tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from schedules.triggers import Trigger, TriggerError, load, parse

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def at(text: str) -> datetime:
    """Return the instant of an ISO text; without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def due_times(trigger: Trigger, after: datetime | str, count: int) -> list[datetime]:
    """Return the next due times, each asked for anew."""
    found: list[datetime] = []
    moment: datetime | None = at(after) if isinstance(after, str) else after
    while len(found) < count and moment and (moment := trigger.next_after(moment)):
        found.append(moment)
    return found


def local(trigger: Trigger, after: datetime | str, count: int) -> list[str]:
    """Return the next due times as the trigger's clocks show them, with the offset."""
    return [f"{due.astimezone(trigger.zone):%a %d %b %H:%M%z}" for due in due_times(trigger, after, count)]


def errors(kind: Any, kwargs: Any, **more: Any) -> dict[str, list[str]]:
    """Return the errors by field with which these arguments are refused."""
    with pytest.raises(TriggerError) as refused:
        parse(kind, kwargs, **{"now": NOW, **more})
    return refused.value.errors


def stored(trigger: Trigger) -> Trigger:
    """Return the trigger as the database gives it back."""
    import json

    kwargs = json.loads(json.dumps(trigger.kwargs))
    return load(trigger.kind, kwargs, version=trigger.version, time_zone=trigger.time_zone, salt=trigger.salt)


def leg(kind: str, **kwargs: Any) -> dict[str, Any]:
    return {"trigger": kind, "trigger_kwargs": kwargs}


def crons(*expressions: str) -> dict[str, Any]:
    return {"triggers": [leg("cron", expression=expression) for expression in expressions]}
