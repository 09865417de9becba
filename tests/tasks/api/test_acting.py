"""What can be done with a process through the API."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from tasks.models import Process, ProcessStatus
from tests.people import Api, somebody
from tests.tasks.api.processes import run, start

pytestmark = pytest.mark.django_db
runs = pytest.mark.django_db(transaction=True)


@runs
def test_a_failed_process_is_retried() -> None:
    api = Api(somebody("olga", "operator"))
    process_id = start(api, "lacking")
    assert run(process_id).status == ProcessStatus.FAILED
    shown = api.get(f"/api/processes/{process_id}/").json()
    assert shown["failed_reason"]
    assert shown["actions"]["retry"]["allowed"]
    answer = api.post(f"/api/processes/{process_id}/retry/")
    assert answer.status_code == 200
    assert answer.json()["status"] == "resumed"
    assert api.post(f"/api/processes/{process_id}/retry/").status_code == 409


@runs
def test_a_suspended_process_is_resumed_with_an_answer() -> None:
    api = Api(somebody("olga", "operator"))
    process_id = start(api, "asking")
    assert run(process_id).status == ProcessStatus.SUSPENDED
    address = f"/api/processes/{process_id}/resume/"
    wrong = api.post(address, {"user_inputs": [{"answer": 0}]})
    assert wrong.status_code == 400
    assert wrong.json()["errors"]["user_inputs"][0]["answer"]
    answer = api.post(address, {"user_inputs": [{"answer": 42}]})
    assert answer.status_code == 200
    assert answer.json()["status"] == "resumed"
    assert run(process_id).status == ProcessStatus.COMPLETED
    assert api.get(f"/api/processes/{process_id}/").json()["steps"][-1]["state"]["answer"] == 42


def test_a_queued_process_is_aborted(api: Api) -> None:
    process_id = start(api, "succeeding")
    answer = api.post(f"/api/processes/{process_id}/abort/")
    assert answer.status_code == 200
    assert answer.json()["status"] == "aborted"
    assert api.post(f"/api/processes/{process_id}/abort/").status_code == 409


def test_a_process_is_started_again_with_the_same_inputs(api: Api) -> None:
    process_id = start(api, "secretive", {"password": "canary-7391"})
    answer = api.post(f"/api/processes/{process_id}/start-again/")
    assert answer.status_code == 201
    assert answer.json()["process_id"] != process_id
    assert Process.objects.filter(origin="api").count() == 2


def test_a_note_is_written(api: Api) -> None:
    process_id = start(api, "succeeding")
    assert api.patch(f"/api/processes/{process_id}/", {"note": "Looked at it"}).json()["note"] == "Looked at it"
    assert api.patch(f"/api/processes/{process_id}/", {"status": "completed"}).status_code == 400
    assert Process.objects.get().status == ProcessStatus.CREATED


def test_only_admins_delete_a_process_and_only_one_that_ended(api: Api) -> None:
    process_id = start(api, "succeeding")
    ada = Api(somebody("ada", "admin"))
    assert ada.delete(f"/api/processes/{process_id}/").status_code == 409
    api.post(f"/api/processes/{process_id}/abort/")
    assert api.delete(f"/api/processes/{process_id}/").status_code == 403
    assert ada.delete(f"/api/processes/{process_id}/").status_code == 204
    assert not Process.objects.exists()


def test_bulk_actions_tell_what_became_of_each(api: Api) -> None:
    ids = [start(api, "succeeding") for _ in range(2)]
    missing = str(uuid4())
    api.post(f"/api/processes/{ids[1]}/abort/")
    results = api.post("/api/processes/bulk/", {"action": "abort", "process_ids": [*ids, missing]}).json()["results"]
    assert [(row["process_id"], row["ok"]) for row in results] == [(ids[0], True), (ids[1], False), (missing, False)]
    assert all(row["ok"] or row["message"] for row in results)


@pytest.mark.parametrize("change", [{"action": "explode"}, {"process_ids": []}, {"process_ids": ["x"]}, {"more": 1}])
def test_wrong_bulk_actions_are_refused(api: Api, change: Any) -> None:
    body = {"action": "retry", "process_ids": [str(uuid4())], **change}
    assert api.post("/api/processes/bulk/", body).status_code == 400


@runs
def test_another_system_calls_back_without_an_account() -> None:
    api = Api(somebody("olga", "operator"))
    process_id = start(api, "called_back")
    assert run(process_id).status == ProcessStatus.AWAITING_CALLBACK
    token = Process.objects.get(pk=process_id).callback_token
    outside = Client(enforce_csrf_checks=True)
    address = f"/api/processes/{process_id}/callback"

    def send(path: str, body: Any) -> int:
        return outside.post(path, body, content_type="application/json").status_code

    assert send(f"{address}/wrong/", {"ok": True}) == 404
    assert send(f"/api/processes/{uuid4()}/callback/{token}/", {"ok": True}) == 404
    assert send(f"{address}/{token}/progress/", {"percent": 50}) == 200
    assert send(f"{address}/{token}/", {"ok": True}) == 200
    assert send(f"{address}/{token}/", {"ok": True}) == 404
    assert run(process_id).status == ProcessStatus.COMPLETED
    assert str(token) not in api.get(f"/api/processes/{process_id}/").json().get("traceback", "")


@runs
def test_the_form_of_a_suspended_process_says_what_it_asks() -> None:
    api = Api(somebody("olga", "operator"))
    process_id = start(api, "asking")
    address = f"/api/processes/{process_id}/form/"
    assert api.post(address).status_code == 409
    run(process_id)
    page = api.post(address, {"user_inputs": []}).json()
    assert (page["complete"], [field["name"] for field in page["fields"]]) == (False, ["answer"])
    assert api.post(address, {"user_inputs": [{"answer": 0}]}).json()["errors"]["user_inputs"][0]["answer"]
    assert api.post(address, {"user_inputs": [{"answer": 3}]}).json()["complete"]
    assert Process.objects.get().status == ProcessStatus.SUSPENDED


def test_admins_delete_many(api: Api) -> None:
    ids = [start(api, "succeeding") for _ in range(2)]
    api.post(f"/api/processes/{ids[0]}/abort/")
    body = {"action": "delete", "process_ids": ids}
    assert [row["ok"] for row in api.post("/api/processes/bulk/", body).json()["results"]] == [False, False]
    ada = Api(somebody("ada", "admin"))
    assert [row["ok"] for row in ada.post("/api/processes/bulk/", body).json()["results"]] == [True, False]
    assert [str(pk) for pk in Process.objects.values_list("pk", flat=True)] == ids[1:]
