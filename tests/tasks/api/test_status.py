"""`/api/status/`: the lock of the engine."""

from __future__ import annotations

import pytest

from tests.people import Api, somebody

pytestmark = pytest.mark.django_db


def test_an_admin_locks_the_engine_and_nothing_starts(api: Api) -> None:
    ada = Api(somebody("ada", "admin"))
    locked = ada.put("/api/status/", {"global_lock": True, "reason": "Upgrade"})
    assert locked.status_code == 200
    shown = api.get("/api/status/").json()
    assert (shown["global_lock"], shown["status"], shown["reason"], shown["changed_by"]) == (
        True,
        "locked",
        "Upgrade",
        "ada",
    )
    refused = api.post("/api/processes/", {"workflow_name": "succeeding"})
    assert refused.status_code == 409
    assert "Upgrade" in refused.json()["detail"]
    assert ada.put("/api/status/", {"global_lock": False}).json()["status"] == "running"
    assert api.post("/api/processes/", {"workflow_name": "succeeding"}).status_code == 201


def test_nobody_else_locks_the_engine(api: Api) -> None:
    assert api.put("/api/status/", {"global_lock": True}).status_code == 403
    assert api.get("/api/status/").json()["global_lock"] is False


def test_the_trail_of_the_lock_says_who_locked_it_and_why(api: Api) -> None:
    ada = Api(somebody("ada", "admin"))
    ada.put("/api/status/", {"global_lock": True, "reason": "Upgrade"})
    latest = api.get("/api/status/history/").json()["results"][0]
    assert (latest["kind"], latest["who"], latest["door"]) == ("update", "ada", "api")
    assert {each["field"]: each["after"] for each in latest["differences"]}["reason"] == "Upgrade"
