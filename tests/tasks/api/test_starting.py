"""`POST /api/processes/`."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from orchestrator.workflow import RunPredicateFail, StepList, done, init, workflow
from orchestrator.workflows import LazyWorkflowInstance
from tasks.models import Origin, Process, ProcessStatus, Workflow
from tasks.targets import Target
from tests.people import Api, somebody

pytestmark = pytest.mark.django_db
runs = pytest.mark.django_db(transaction=True)


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
    LazyWorkflowInstance("tests.tasks.api.test_starting", "refusing")
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
