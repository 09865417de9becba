"""The API of tasks, workflows, processes and the engine lock."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Action
from orchestrator.workflow import RunPredicateFail, StepList, done, init, workflow
from orchestrator.workflows import LazyWorkflowInstance
from schedules.models import Schedule
from tasks import services
from tasks.models import Origin, Process, ProcessStatus, Workflow
from tasks.targets import Target
from tests.people import Api, grant, somebody

pytestmark = pytest.mark.django_db
runs = pytest.mark.django_db(transaction=True)


@pytest.fixture
def api() -> Api:
    return Api(somebody("olga", "operator"))


def start(api: Api, name: str, *pages: dict[str, Any]) -> str:
    answer = api.post("/api/processes/", {"workflow_name": name, "user_inputs": list(pages)})
    assert answer.status_code == 201, answer.content
    return str(answer.json()["process_id"])


def run(process_id: str) -> Process:
    return services.run_inline(UUID(process_id))


# Tasks and workflows


def test_tasks_are_listed_with_label_and_last_run(api: Api) -> None:
    process_id = start(api, "task_sync_from")
    rows = {row["name"]: row for row in api.get("/api/tasks/?limit=500").json()["results"]}
    task = rows["task_sync_from"]
    assert task["label"]
    assert (task["target"], task["is_task"]) == ("SYSTEM", True)
    assert task["last_run"]["process_id"] == process_id
    assert api.get("/api/tasks/task_sync_from/").json() == task


def test_the_next_run_counts_functions_of_code_that_start_the_task(api: Api) -> None:
    due = timezone.now() + timedelta(hours=1)
    Schedule.objects.create(name="f", job_id="f", function="f", starts=["counting"], trigger="cron", next_due_at=due)
    row = api.get("/api/tasks/counting/").json()
    assert datetime.fromisoformat(row["next_run_at"]) == due
    assert api.get("/api/tasks/succeeding/").json()["next_run_at"] is None


def test_workflows_of_other_targets_are_no_tasks(api: Api) -> None:
    def names(path: str) -> set[str]:
        return {row["name"] for row in api.get(path).json()["results"]}

    assert "failing_modify" in names("/api/workflows/?limit=500")
    assert "failing_modify" not in names("/api/tasks/?limit=500")
    assert names("/api/workflows/?target=MODIFY") == {"failing_modify"}
    assert api.get("/api/tasks/failing_modify/").status_code == 404
    assert api.get("/api/workflows/?target=NOTHING").status_code == 400


def test_the_form_of_a_workflow_is_described_page_by_page(api: Api) -> None:
    page = api.post("/api/workflows/secretive/form/", {"user_inputs": []}).json()
    assert (page["complete"], page["index"]) == (False, 0)
    field = page["fields"][0]
    assert (field["name"], field["required"], field["secret"], field["initial"]) == ("password", True, True, None)
    answered = api.post("/api/workflows/secretive/form/", {"user_inputs": [{"password": "canary-7391"}]}).json()
    assert answered == {"complete": True, "index": None, "fields": []}
    wrong = api.post("/api/workflows/secretive/form/", {"user_inputs": [{}]})
    assert wrong.status_code == 400
    assert wrong.json()["errors"]["user_inputs"][0]["password"]


# Start


def test_start_answers_with_the_id_of_a_queued_process(api: Api) -> None:
    answer = api.post("/api/processes/", {"workflow_name": "succeeding", "user_inputs": []})
    assert answer.status_code == 201
    shown = answer.json()
    process = Process.objects.get(pk=shown["process_id"])
    assert answer["Location"] == f"/api/processes/{process.pk}/"
    assert shown["workflow_name"] == "succeeding"
    assert (process.status, process.created_by, process.origin) == (ProcessStatus.CREATED, api.user, Origin.API)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE args->>'process_id' = %s", [str(process.pk)])
        assert cursor.fetchone()[0] == 1


def test_inputs_may_be_left_out(api: Api) -> None:
    assert api.post("/api/processes/", {"workflow_name": "succeeding"}).status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "workflow_name"),
        ({"workflow_name": "nothing"}, "workflow_name"),
        ({"workflow_name": ""}, "workflow_name"),
        ({"workflow_name": None}, "workflow_name"),
        ({"workflow_name": ["succeeding"]}, "workflow_name"),
        ({"workflow_name": {"$ne": 1}}, "workflow_name"),
        ({"workflow_name": "x" * 300}, "workflow_name"),
        ({"workflow_name": "secretive"}, "user_inputs"),
        ({"workflow_name": "secretive", "user_inputs": [{"password": ""}]}, "user_inputs"),
        ({"workflow_name": "secretive", "user_inputs": "x"}, "user_inputs"),
        ({"workflow_name": "secretive", "user_inputs": [None]}, "user_inputs"),
        ({"workflow_name": "secretive", "user_inputs": [[{}]]}, "user_inputs"),
        ({"workflow_name": "succeeding", "user_input": []}, "user_input"),
    ],
)
def test_what_is_wrong_is_said_by_field_and_nothing_starts(api: Api, body: Any, field: str) -> None:
    answer = api.post("/api/processes/", body)
    assert answer.status_code == 400, answer.content
    assert field in answer.json()["errors"]
    assert not Process.objects.exists()


@workflow("Refuses to run", target=Target.SYSTEM, run_predicate=lambda context: RunPredicateFail("Not today."))
def refusing() -> StepList:
    return init >> done


def test_a_predicate_that_refuses_is_a_conflict(api: Api) -> None:
    LazyWorkflowInstance("tests.tasks.test_api", "refusing")
    Workflow.objects.create(name="refusing", target=Target.SYSTEM)
    answer = api.post("/api/processes/", {"workflow_name": "refusing"})
    assert answer.status_code == 409
    assert "Not today" in answer.json()["detail"]
    assert not Process.objects.exists()


def test_the_same_start_under_one_key_starts_once(api: Api) -> None:
    body = {"workflow_name": "succeeding", "user_inputs": []}
    answers = [api.post("/api/processes/", body, Idempotency_Key="once") for _ in range(3)]
    assert len({answer.json()["process_id"] for answer in answers}) == 1
    assert Process.objects.count() == 1


@runs
def test_simultaneous_starts_under_one_key_start_once() -> None:
    api = Api(somebody("olga", "operator"))
    answers: list[Any] = []

    def send() -> None:
        try:
            body = {"workflow_name": "succeeding", "user_inputs": []}
            client = Client(headers={"Authorization": f"Token {api.text}", "Idempotency-Key": "once"})
            answers.append(client.post("/api/processes/", body, content_type="application/json"))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * 8
    assert len({answer.json()["process_id"] for answer in answers}) == 1
    assert Process.objects.count() == 1


# Look


@runs
def test_a_process_is_shown_with_the_whole_state_after_each_step() -> None:
    api = Api(somebody("olga", "operator"))
    process_id = start(api, "counting")
    run(process_id)
    shown = api.get(f"/api/processes/{process_id}/").json()
    assert (shown["process_id"], shown["workflow_name"]) == (process_id, "counting")
    assert (shown["status"], shown["failed_reason"], shown["created_by"]) == ("completed", "", "olga")
    assert [step["status"] for step in shown["steps"]] == ["success"] * 6 + ["complete"]
    assert [step["state"].get("counter") for step in shown["steps"][1:6]] == [1, 2, 3, 4, 5]
    assert all(step["started_at"] <= step["completed_at"] and step["name"] for step in shown["steps"])


@runs
def test_secrets_are_covered_everywhere() -> None:
    api = Api(somebody("olga", "operator"))
    process_id = start(api, "secretive", {"password": "canary-7391"})
    run(process_id)
    for path in ("", "logs/"):
        text = api.get(f"/api/processes/{process_id}/{path}").content.decode()
        assert "canary-7391" not in text
        assert "gAAAA" not in text  # nor in its encrypted form


@runs
def test_logs_are_listed() -> None:
    api = Api(somebody("olga", "operator"))
    process_id = start(api, "logging_much")
    run(process_id)
    rows = api.get(f"/api/processes/{process_id}/logs/").json()["results"]
    assert rows
    assert {"id", "position", "at", "level", "message"} == set(rows[0])


def test_lists_are_filtered(api: Api) -> None:
    first = start(api, "succeeding")
    second = start(api, "counting")

    def ids(query: str) -> set[str]:
        return {row["process_id"] for row in api.get(f"/api/processes/?{query}").json()["results"]}

    assert ids("") == {first, second}
    assert ids("workflow_name=counting") == {second}
    assert ids("status=created") == {first, second}
    assert ids("status=completed") == set()
    assert ids("status=completed&status=created") == {first, second}
    assert ids("created_by=olga&origin=api") == {first, second}
    assert ids("created_by=nobody") == set()
    assert ids(f"schedule_id={uuid4()}") == set()
    assert ids("started_after=2001-01-01T00:00:00Z&is_task=true") == {first, second}
    assert ids("started_before=2001-01-01T00:00:00Z") == set()
    assert ids("search=COUNT") == {second}


@pytest.mark.parametrize(
    "query",
    ["status=", "status=x", "schedule_id=x", "started_after=x", "started_after=0000-00-00", "origin=%F0%9F",
     "started_before=9999-12-31T23:59:59-23:59", "workflow=counting"],
)  # fmt: skip
def test_no_filter_breaks_the_list(api: Api, query: str) -> None:
    assert api.get(f"/api/processes/?{query}").status_code in {200, 400}


def test_the_latest_come_first(api: Api) -> None:
    ids = [start(api, "succeeding") for _ in range(3)]
    assert [row["process_id"] for row in api.get("/api/processes/").json()["results"]] == ids[::-1]


# Act


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
    assert Process.objects.count() == 2


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


@pytest.mark.parametrize("change", [{"action": "delete"}, {"process_ids": []}, {"process_ids": ["x"]}, {"more": 1}])
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


# Wait


@runs
def test_a_client_waits_until_the_process_rests() -> None:
    api = Api(somebody("olga", "operator"))
    process_id = start(api, "succeeding")

    def later() -> None:
        try:
            time.sleep(0.5)
            run(process_id)
        finally:
            connection.close()

    thread = threading.Thread(target=later)
    thread.start()
    began = time.monotonic()
    shown = api.get(f"/api/processes/{process_id}/?wait=30").json()
    assert shown["status"] == "completed"
    assert 0.3 < time.monotonic() - began < 15
    thread.join()


@runs
def test_waiting_ends_after_the_time_asked_for() -> None:
    api = Api(somebody("olga", "operator"))
    process_id = start(api, "succeeding")
    began = time.monotonic()
    assert api.get(f"/api/processes/{process_id}/?wait=1").json()["status"] == "created"
    assert 0.9 < time.monotonic() - began < 10


@pytest.mark.parametrize("seconds", ["61", "-1", "x", "1.5", "", "99999999999999999999"])
def test_nobody_waits_for_ever(api: Api, seconds: str) -> None:
    process_id = start(api, "succeeding")
    answer = api.get(f"/api/processes/{process_id}/?wait={seconds}")
    assert answer.status_code == 400
    assert "wait" in answer.json()["errors"]


# The engine


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


# Rights


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
