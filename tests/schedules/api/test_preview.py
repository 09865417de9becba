"""`POST /api/schedules/preview/`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from schedules.models import Schedule
from tests.people import Api

pytestmark = pytest.mark.django_db


def test_preview_says_what_a_trigger_means_and_creates_nothing(api: Api) -> None:
    before = Schedule.objects.count()
    body = {
        "trigger": "cron",
        "trigger_kwargs": {"expression": "0 1 * * 0", "timezone": "Europe/Amsterdam"},
        "count": 3,
    }
    answer = api.post("/api/schedules/preview/", body)
    assert answer.status_code == 200
    times = [datetime.fromisoformat(text) for text in answer.json()["next_run_times"]]
    assert len(times) == 3
    assert all((time.isoweekday(), time.hour, time.utcoffset() is not None) == (7, 1, True) for time in times)
    assert "01:00" in answer.json()["description"]
    assert Schedule.objects.count() == before


@pytest.mark.parametrize("count", [0, -1, 101, "x", None, 1.5, 10**30])
def test_preview_shows_1_to_100_times(api: Api, count: Any) -> None:
    body = {"trigger": "interval", "trigger_kwargs": {"minutes": 1}, "count": count}
    assert api.post("/api/schedules/preview/", body).status_code == 400
    assert len(api.post("/api/schedules/preview/", {**body, "count": 100}).json()["next_run_times"]) == 100


@pytest.mark.parametrize(
    "legs",
    [
        [{"minute": "*/2"}, {"minute": "1-59/2"}],
        [{"hour": 9, "minute": 0}, {"hour": 10, "minute": 0}],
        [{"month": 2, "day": 29}, {"month": 2, "day": 29, "day_of_week": "mon"}],
        [{"second": 1}, {"second": 2}],
    ],
)
def test_preview_never_hangs(api: Api, legs: list[dict[str, Any]]) -> None:
    triggers = [{"trigger": "cron", "trigger_kwargs": kwargs} for kwargs in legs]
    body = {"trigger": "and", "trigger_kwargs": {"triggers": triggers}, "count": 100}
    assert api.post("/api/schedules/preview/", body).status_code in {200, 400}
