"""Who may do what with processes through the API."""

from __future__ import annotations

import pytest

from accounts.models import Action
from tasks.models import Process, ProcessStatus, Workflow
from tests.people import Api, grant, somebody
from tests.tasks.api.processes import start

pytestmark = pytest.mark.django_db


def test_who_may_only_see_starts_and_changes_nothing(api: Api) -> None:
    process_id = start(api, "succeeding")
    viewer = Api(somebody("vera", "viewer"))
    assert viewer.get(f"/api/processes/{process_id}/").status_code == 200
    assert viewer.post("/api/processes/", {"workflow_name": "succeeding"}).status_code == 403
    for action in ("retry", "abort", "start-again"):
        assert viewer.post(f"/api/processes/{process_id}/{action}/").status_code == 403, action
    assert viewer.post(f"/api/processes/{process_id}/resume/").status_code in {403, 409}
    assert viewer.patch(f"/api/processes/{process_id}/", {"note": "x"}).status_code == 403
    results = viewer.post("/api/processes/bulk/", {"action": "abort", "process_ids": [process_id]}).json()["results"]
    assert results[0]["ok"] is False
    assert Process.objects.get().status == ProcessStatus.CREATED


def test_what_grants_hide_does_not_exist_for_others(api: Api) -> None:
    process_id = start(api, "succeeding")
    grant("succeeding", "netops", Action.START)
    assert api.get("/api/processes/").json()["results"] == []
    assert api.get(f"/api/processes/{process_id}/").status_code == 404
    assert api.get(f"/api/processes/{process_id}/logs/").status_code == 404
    assert api.get("/api/workflows/succeeding/").status_code == 404
    assert api.post("/api/workflows/succeeding/form/", {}).status_code == 404
    for action in ("retry", "abort", "resume", "start-again"):
        assert api.post(f"/api/processes/{process_id}/{action}/").status_code == 404, action
    unknown = api.post("/api/processes/", {"workflow_name": "nothing"})
    hidden = api.post("/api/processes/", {"workflow_name": "succeeding"})
    assert hidden.status_code == unknown.status_code == 400
    assert hidden.json()["errors"].keys() == unknown.json()["errors"].keys()
    member = Api(somebody("nina", "netops"))
    assert [row["process_id"] for row in member.get("/api/processes/").json()["results"]] == [process_id]
    assert {row["name"] for row in member.get("/api/workflows/").json()["results"]} == {"succeeding"}
    start(member, "succeeding")
    assert member.post(f"/api/processes/{process_id}/abort/").status_code == 403


def test_the_callbacks_of_the_code_are_asked_too() -> None:
    banned = Api(somebody("banned", "operator"))
    assert banned.post("/api/processes/", {"workflow_name": "asking_superusers"}).status_code == 403
    assert Workflow.objects.filter(name="asking_superusers").exists()
    assert not Process.objects.exists()
