"""What can be done with a schedule: delete, pause, skip, run."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from schedules.models import Schedule
from tasks.models import Process
from tests.people import Api

pytestmark = pytest.mark.django_db


def test_delete(api: Api, schedule: Any) -> None:
    address = f"/api/schedules/{schedule['id']}/"
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404
    assert api.delete(address).status_code == 404


def test_pause_and_resume(api: Api, schedule: Any) -> None:
    address = f"/api/schedules/{schedule['id']}/"
    paused = api.post(f"{address}pause/", {"reason": "Maintenance", "until": "2099-01-01T00:00:00Z"})
    assert paused.status_code == 200
    assert paused.json()["enabled"] is False
    assert paused.json()["paused_reason"] == "Maintenance"
    assert paused.json()["paused_by"] == "sven"
    assert paused.json()["next_run_at"] is None
    resumed = api.post(f"{address}resume/")
    assert resumed.json()["enabled"] is True
    assert resumed.json()["next_run_at"] == schedule["next_run_at"]


def test_pause_needs_no_body(api: Api, schedule: Any) -> None:
    assert api.post(f"/api/schedules/{schedule['id']}/pause/").json()["enabled"] is False


def test_skip_the_next_run(api: Api, schedule: Any) -> None:
    address = f"/api/schedules/{schedule['id']}/skip-next/"
    assert api.post(address).json()["skip_next"] is True
    assert api.post(address, {"skip": False}).json()["skip_next"] is False


def test_run_starts_a_process_now_and_leaves_the_due_times(api: Api, schedule: Any) -> None:
    answer = api.post(f"/api/schedules/{schedule['id']}/run/")
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["outcome"], shown["manual"]) == ("started", True)
    assert (shown["origin"], shown["asked_by"]) == ("api", api.user.username)
    process = Process.objects.get(occurrence_id=shown["id"])
    assert shown["process_ids"] == [str(process.pk)]
    told = api.get(f"/api/processes/{process.pk}/").json()
    assert (told["origin"], told["created_by"], told["schedule_id"]) == ("api", api.user.username, schedule["id"])
    assert api.get(f"/api/schedules/{schedule['id']}/").json()["next_run_at"] == schedule["next_run_at"]
    listed = api.get(f"/api/schedules/{schedule['id']}/occurrences/").json()["results"]
    assert listed == [shown]


def test_occurrences_are_filtered(api: Api, schedule: Any) -> None:
    api.post(f"/api/schedules/{schedule['id']}/run/")
    address = f"/api/schedules/{schedule['id']}/occurrences/"
    assert len(api.get(f"{address}?outcome=started&manual=true").json()["results"]) == 1
    assert api.get(f"{address}?outcome=missed").json()["results"] == []
    assert api.get(f"{address}?outcome=lost").status_code == 400


def test_bulk_pause_and_resume_tell_what_became_of_each(api: Api, schedule: Any) -> None:
    missing = str(uuid4())
    body = {"action": "pause", "schedule_ids": [schedule["id"], missing], "reason": "Freeze"}
    results = api.post("/api/schedules/bulk/", body).json()["results"]
    assert [(row["schedule_id"], row["ok"]) for row in results] == [(schedule["id"], True), (missing, False)]
    assert Schedule.objects.get(pk=schedule["id"]).paused_reason == "Freeze"
    api.post("/api/schedules/bulk/", {"action": "resume", "schedule_ids": [schedule["id"]]})
    assert Schedule.objects.get(pk=schedule["id"]).enabled


def test_what_code_declares_is_restored(api: Api) -> None:
    declared = {"trigger": "interval", "trigger_kwargs": {"hours": 6}, "time_zone": "UTC"}
    schedule = Schedule.objects.create(
        name="f", job_id="f", function="f", trigger="cron", trigger_kwargs={"expression": "0 1 * * *"}, overridden=True,
        declared_trigger=declared, system=True,
    )  # fmt: skip
    shown = api.post(f"/api/schedules/{schedule.pk}/restore/").json()
    assert (shown["trigger"], shown["overridden"]) == ("interval", False)


def test_what_only_people_made_is_not_restored(api: Api, schedule: Any) -> None:
    assert api.post(f"/api/schedules/{schedule['id']}/restore/").status_code == 409
