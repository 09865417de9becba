"""`/api/schedules/outage/`: what was missed, and what is to become of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Action
from schedules.models import Occurrence, Outcome, Reason
from tasks.models import Process
from tests.people import Api, grant, somebody
from tests.schedules.api.bodies import TASK

pytestmark = pytest.mark.django_db


@pytest.fixture
def missed(schedule: Any) -> Any:
    """Three due times that nobody was there for."""
    now = timezone.now()
    for number in range(3):
        due = now - timedelta(hours=number + 1)
        Occurrence.objects.create(
            schedule_id=schedule["id"], scheduled_at=due, fired_at=now, outcome=Outcome.MISSED, reason=Reason.LATE
        )
    return schedule


def test_what_was_missed_is_told_and_made_up_for(api: Api, missed: Any) -> None:
    [row] = api.get("/api/schedules/outage/").json()["results"]
    assert (row["schedule_id"], row["name"], row["count"]) == (missed["id"], "Nightly", 3)
    assert row["first_at"] < row["last_at"]
    body = {"start": "latest", "schedule_ids": [missed["id"]]}
    assert api.post("/api/schedules/outage/", body).json()["results"][0]["ok"]
    process = Process.objects.get()
    assert (process.origin, process.created_by) == ("api", api.user)
    [made_up] = api.get(f"/api/schedules/{missed['id']}/occurrences/?outcome=started").json()["results"]
    assert (made_up["origin"], made_up["asked_by"], made_up["manual"]) == ("api", api.user.username, False)
    assert Occurrence.objects.filter(outcome=Outcome.STARTED).get().scheduled_at == max(
        Occurrence.objects.values_list("scheduled_at", flat=True)
    )
    assert api.get("/api/schedules/outage/").json()["results"] == []


@pytest.mark.parametrize("wrong", [{"start": "some"}, {"schedule_ids": []}, {"schedule_ids": ["x"]}, {"more": 1}])
def test_wrong_decisions_decide_nothing(api: Api, missed: Any, wrong: Any) -> None:
    body = {"start": "none", "schedule_ids": [missed["id"]], **wrong}
    assert api.post("/api/schedules/outage/", body).status_code == 400
    assert len(api.get("/api/schedules/outage/").json()["results"]) == 1


def test_who_does_not_see_the_schedule_neither_learns_nor_decides(missed: Any) -> None:
    grant(TASK, "netops", Action.SCHEDULE)
    stranger = Api(somebody("sara", "scheduler"))
    assert stranger.get("/api/schedules/outage/").json()["results"] == []
    body = {"start": "all", "schedule_ids": [missed["id"]]}
    [row] = stranger.post("/api/schedules/outage/", body).json()["results"]
    assert row["ok"] is False
    assert "Nightly" not in row["message"]
    assert not Process.objects.exists()
