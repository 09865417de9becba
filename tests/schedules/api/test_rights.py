"""Who may do what with schedules through the API."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Action
from schedules.models import Occurrence, Schedule
from tests.people import Api, grant, somebody
from tests.schedules.api.bodies import BODY, TASK

pytestmark = pytest.mark.django_db


def test_who_may_only_see_changes_nothing(schedule: Any) -> None:
    for role in ("viewer", "operator"):
        other = Api(somebody(role, role))
        address = f"/api/schedules/{schedule['id']}/"
        assert other.get(address).status_code == 200
        assert other.post("/api/schedules/", BODY).status_code == 403
        assert other.patch(address, {"name": "x"}).status_code == 403
        assert other.delete(address).status_code == 403
        assert other.post(f"{address}pause/").status_code == 403
    assert Schedule.objects.get(pk=schedule["id"]).name == "Nightly"


def test_schedules_of_hidden_workflows_do_not_exist_for_others(schedule: Any) -> None:
    grant(TASK, "netops", Action.SCHEDULE)
    stranger = Api(somebody("sara", "scheduler"))
    address = f"/api/schedules/{schedule['id']}/"
    assert stranger.get("/api/schedules/?owner=sven").json()["results"] == []
    for answer in (
        stranger.get(address), stranger.patch(address, {"name": "x"}), stranger.delete(address),
        stranger.post(f"{address}pause/"), stranger.post(f"{address}run/"), stranger.get(f"{address}occurrences/"),
    ):  # fmt: skip
        assert answer.status_code == 404
    refused = stranger.post("/api/schedules/", BODY)
    assert refused.status_code == 400
    assert "workflow_name" in refused.json()["errors"]
    assert not Occurrence.objects.filter(schedule=schedule["id"]).exists()


def test_an_admin_takes_ownership(schedule: Any) -> None:
    ada = Api(somebody("ada", "admin"))
    assert ada.post(f"/api/schedules/{schedule['id']}/take-ownership/").json()["owner"] == "ada"
