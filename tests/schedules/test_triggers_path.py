"""Random triggers through everything between a client and the clock: API, codec, database and back.

Cron expressions are compared with cronsim itself; odd specifications are saved or refused with errors by field.
"""

from __future__ import annotations

import itertools
import json
import random
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim, CronSimError

from schedules import stored_triggers
from schedules.models import Schedule
from tests.people import Api, somebody
from tests.schedules.test_triggers_cron import random_expression
from tests.schedules.test_triggers_fuzz import specification
from tests.schedules.triggers import due_times

pytestmark = pytest.mark.django_db
BODY = {"name": "Random", "workflow_name": "task_sync_from", "user_inputs": []}


@pytest.fixture
def clients() -> list[Api]:
    """Several, so that none comes near the number of requests that a token may make in a second."""
    return [Api(somebody(f"sven{number}", "scheduler")) for number in range(20)]


def test_random_expressions_arrive_as_cronsim_has_them(clients: list[Api], long_run: bool) -> None:
    source = random.Random(2)
    api, saved = itertools.cycle(clients), 0
    while saved < (1000 if long_run else 200):
        expression, zone = random_expression(source), source.choice(["UTC", "Europe/London", "America/New_York"])
        before = datetime.now(UTC)
        kwargs = {"expression": expression, "timezone": zone}
        answer = next(api).post("/api/schedules/", {**BODY, "trigger": "cron", "trigger_kwargs": kwargs})
        try:
            cronsim = CronSim(expression, before.astimezone(ZoneInfo(zone)))
        except CronSimError:
            assert answer.status_code == 400, expression
            continue
        if answer.status_code == 400:
            assert not list(zip(cronsim, [1], strict=False)), expression  # cronsim finds none in fifty years either
            continue
        saved += 1
        row = Schedule.objects.get(pk=answer.json()["id"])
        expected = [moment.astimezone(UTC) for moment, _n in zip(cronsim, range(10), strict=False)]
        assert row.next_due_at in expected[:2], expression  # the second when a due time passed meanwhile
        assert due_times(stored_triggers.trigger_of(row), before, len(expected)) == expected, expression


def test_odd_specifications_are_saved_or_refused_by_field(clients: list[Api]) -> None:
    source = random.Random(5)
    api = itertools.cycle(clients)
    outcomes = {201: 0, 400: 0}
    for _number in range(400):
        kind, kwargs = specification(source, depth=0)
        body = {**BODY, "trigger": kind, "trigger_kwargs": kwargs}
        if "NaN" in json.dumps(body) or "Infinity" in json.dumps(body):
            continue  # not JSON: the parser of requests refuses it
        answer = next(api).post("/api/schedules/", body)
        assert answer.status_code in outcomes, (body, answer.content)
        outcomes[answer.status_code] += 1
        if answer.status_code == 400:
            assert "trigger" in json.dumps(answer.json()), (body, answer.json())
    assert min(outcomes.values()) > 40
