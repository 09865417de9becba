"""`/api/tasks/` and `/api/workflows/`."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from schedules.models import Schedule
from tests.people import Api
from tests.tasks.api.processes import start

pytestmark = pytest.mark.django_db


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
