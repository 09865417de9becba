"""The API of schedules: create, list, change, delete, pause, run, preview."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import Action
from schedules.models import Occurrence, Schedule
from tasks.models import Process
from tests.people import Api, grant, somebody

pytestmark = pytest.mark.django_db
TASK = "task_sync_from"
BODY = {
    "name": "Nightly",
    "workflow_name": TASK,
    "trigger": "cron",
    "trigger_kwargs": {"expression": "0 1 * * 1-5", "timezone": "Europe/Amsterdam"},
    "user_inputs": [],
}


@pytest.fixture
def api() -> Api:
    return Api(somebody("sven", "scheduler"))


@pytest.fixture
def schedule(api: Api) -> Any:
    return api.post("/api/schedules/", BODY).json()


def test_a_schedule_is_created_and_in_effect_when_the_answer_comes(api: Api) -> None:
    answer = api.post("/api/schedules/", BODY)
    assert answer.status_code == 201
    shown = answer.json()
    assert answer["Location"] == f"/api/schedules/{shown['id']}/"
    row = Schedule.objects.get(pk=shown["id"])
    assert (row.name, row.workflow_id, row.owner) == ("Nightly", TASK, api.user)
    assert row.next_due_at is not None
    assert shown["next_run_at"] == row.next_due_at.isoformat().replace("+00:00", "Z")
    assert shown["description"]
    assert shown["time_zone"] == "Europe/Amsterdam"


@pytest.mark.parametrize(
    ("trigger", "kwargs"),
    [
        ("interval", {"minutes": 5}),
        ("interval", {"weeks": 1, "start_date": "2026-01-01T00:00:00+00:00", "jitter": 10}),
        ("cron", {"hour": 1, "day_of_week": "mon-fri"}),
        ("date", {"run_date": "2099-01-01T00:00:00+00:00"}),
        ("calendarinterval", {"months": 1, "hour": 3}),
        ("or", {"triggers": [{"trigger": "interval", "trigger_kwargs": {"hours": 1}},
                             {"trigger": "cron", "trigger_kwargs": {"expression": "30 4 * * *"}}]}),
        ("and", {"triggers": [{"trigger": "cron", "trigger_kwargs": {"expression": "0 4 * * *"}},
                              {"trigger": "cron", "trigger_kwargs": {"expression": "0 * * * 1"}}]}),
    ],
)  # fmt: skip
def test_every_kind_of_trigger_is_accepted(api: Api, trigger: str, kwargs: Any) -> None:
    answer = api.post("/api/schedules/", {**BODY, "trigger": trigger, "trigger_kwargs": kwargs})
    assert answer.status_code == 201, answer.content
    again = api.get(f"/api/schedules/{answer.json()['id']}/").json()
    assert again["trigger"] == trigger
    stored = {**BODY, "trigger": trigger, "trigger_kwargs": again["trigger_kwargs"]}
    assert api.post("/api/schedules/", stored).status_code == 201


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": None}, "name"),
        ({"workflow_name": "nothing"}, "workflow_name"),
        ({"trigger": "never"}, "trigger"),
        ({"trigger": {}}, "trigger"),
        ({"trigger_kwargs": []}, "trigger_kwargs"),
        ({"trigger_kwargs": {}}, "trigger_kwargs"),
        ({"trigger_kwargs": {"expression": "0 25 * * *"}}, "trigger_kwargs"),
        ({"trigger_kwargs": {"expression": "0 1 * * *", "timezone": "Mars/Base"}}, "trigger_kwargs"),
        ({"trigger": "interval", "trigger_kwargs": {"minutes": 0}}, "trigger_kwargs"),
        ({"trigger": "interval", "trigger_kwargs": {"minutes": -5}}, "trigger_kwargs"),
        ({"trigger": "interval", "trigger_kwargs": {"minutes": 10**15}}, "trigger_kwargs"),
        ({"trigger": "date", "trigger_kwargs": {"run_date": "2001-01-01T00:00:00Z"}}, "trigger_kwargs"),
        ({"user_inputs": "x"}, "user_inputs"),
        ({"user_inputs": [1]}, "user_inputs"),
        ({"overlap": "sometimes"}, "overlap"),
        ({"misfire_grace": 2**40}, "misfire_grace"),
        ({"tags": ["x" * 51]}, "tags"),
        ({"shedule": 1}, "shedule"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_created(api: Api, change: Any, field: str) -> None:
    before = Schedule.objects.count()
    answer = api.post("/api/schedules/", {**BODY, **change})
    assert answer.status_code == 400, answer.content
    assert field in answer.json()["errors"]
    assert Schedule.objects.count() == before


def test_the_place_of_an_error_inside_a_combined_trigger_is_told(api: Api) -> None:
    legs = [{"trigger": "cron", "trigger_kwargs": {"expression": "0 1 * * *"}},
            {"trigger": "interval", "trigger_kwargs": {"minutes": 0}}]  # fmt: skip
    answer = api.post("/api/schedules/", {**BODY, "trigger": "or", "trigger_kwargs": {"triggers": legs}})
    assert answer.json()["errors"]["trigger_kwargs"]["triggers"]["1"]["minutes"]


def test_names_need_not_be_unique(api: Api) -> None:
    assert len({api.post("/api/schedules/", BODY).json()["id"] for _ in range(2)}) == 2


def test_lists_are_filtered(api: Api, schedule: Any) -> None:
    api.post("/api/schedules/", {**BODY, "name": "Hourly", "trigger": "interval", "trigger_kwargs": {"hours": 1}})

    def names(query: str) -> set[str]:
        return {row["name"] for row in api.get(f"/api/schedules/?owner=sven&{query}").json()["results"]}

    assert names("") == {"Nightly", "Hourly"}
    assert names("trigger=interval") == {"Hourly"}
    assert names(f"workflow_name={TASK}") == {"Nightly", "Hourly"}
    assert names("workflow_name=other") == set()
    assert names("search=NIGHT") == {"Nightly"}
    assert names("enabled=false") == set()
    assert names("trigger=interval&trigger=cron") == {"Nightly", "Hourly"}


def test_a_change_takes_effect_and_leaves_the_rest(api: Api, schedule: Any) -> None:
    answer = api.patch(f"/api/schedules/{schedule['id']}/", {"name": "Weekly", "tags": ["core"]})
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["name"], shown["tags"]) == ("Weekly", ["core"])
    assert shown["trigger_kwargs"] == schedule["trigger_kwargs"]
    assert shown["next_run_at"] == schedule["next_run_at"]
    moved = api.patch(f"/api/schedules/{schedule['id']}/", {"trigger": "interval", "trigger_kwargs": {"minutes": 1}})
    assert moved.json()["next_run_at"] != schedule["next_run_at"]


def test_a_wrong_change_changes_nothing(api: Api, schedule: Any) -> None:
    answer = api.patch(f"/api/schedules/{schedule['id']}/", {"name": "Weekly", "trigger_kwargs": {"expression": "x"}})
    assert answer.status_code == 400
    assert Schedule.objects.get(pk=schedule["id"]).name == "Nightly"


def test_a_lost_update_is_refused(api: Api, schedule: Any) -> None:
    address = f"/api/schedules/{schedule['id']}/"
    tag = api.get(address)["ETag"]
    assert api.patch(address, {"name": "Mine"}, If_Match=tag).status_code == 200
    answer = api.patch(address, {"name": "Theirs"}, If_Match=tag)
    assert answer.status_code == 412
    assert api.delete(address, If_Match=tag).status_code == 412
    assert Schedule.objects.get(pk=schedule["id"]).name == "Mine"
    assert api.patch(address, {"name": "Theirs"}, If_Match=api.get(address)["ETag"]).status_code == 200
    assert api.patch(address, {"name": "Any"}, If_Match="*").status_code == 200
    assert api.patch(address, {"name": "Weak"}, If_Match=f"W/{api.get(address)['ETag']}").status_code == 412


def test_a_pause_makes_an_older_tag_stale(api: Api, schedule: Any) -> None:
    address = f"/api/schedules/{schedule['id']}/"
    tag = api.get(address)["ETag"]
    api.post(f"{address}pause/", {"reason": "Maintenance"})
    assert api.patch(address, {"name": "Late"}, If_Match=tag).status_code == 412


def test_what_did_not_change_is_not_sent_again(api: Api, schedule: Any) -> None:
    address = f"/api/schedules/{schedule['id']}/"
    tag = api.get(address)["ETag"]
    assert api.send("get", address, None, If_None_Match=tag).status_code == 304


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
    process = Process.objects.get(occurrence_id=shown["id"])
    assert shown["process_ids"] == [str(process.pk)]
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


# Preview


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


# Rights


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


# History


def test_an_earlier_state_is_brought_back(api: Api, schedule: Any) -> None:
    address = f"/api/schedules/{schedule['id']}/"
    first = api.get(f"{address}history/").json()["results"][0]
    assert (first["kind"], first["who"]) == ("insert", "sven")
    body = {"name": "Hourly", "trigger": "interval", "trigger_kwargs": {"hours": 1}, "tags": ["core"]}
    api.patch(address, body)
    api.post(f"{address}pause/")
    reverted = api.post(f"{address}revert/", {"event_id": first["event_id"]})
    assert reverted.status_code == 200, reverted.content
    shown = reverted.json()
    for field in ("name", "trigger", "trigger_kwargs", "time_zone", "tags"):
        assert shown[field] == schedule[field], field
    assert shown["enabled"] is False
    latest = api.get(f"{address}history/").json()["results"][0]
    assert {each["field"]: each["after"] for each in latest["differences"]}["name"] == "Nightly"


def test_an_entry_of_another_schedule_brings_nothing_back(api: Api, schedule: Any) -> None:
    other = api.post("/api/schedules/", {**BODY, "name": "Other"}).json()
    event = api.get(f"/api/schedules/{other['id']}/history/").json()["results"][0]["event_id"]
    assert api.post(f"/api/schedules/{schedule['id']}/revert/", {"event_id": event}).status_code == 404
    assert api.post(f"/api/schedules/{schedule['id']}/revert/", {"event_id": 2**70}).status_code == 400


def test_one_click_on_the_page_brings_it_back(api: Api, schedule: Any) -> None:
    api.patch(f"/api/schedules/{schedule['id']}/", {"name": "Hourly"})
    page = Client()
    page.force_login(api.user)
    text = page.get(f"/schedules/{schedule['id']}/").content.decode()
    assert "Bring back" in text
    event = text.split('name="event" value="')[1].split('"')[0]
    answer = page.post(f"/schedules/{schedule['id']}/revert/", {"event": event})
    assert answer.status_code == 302
    assert Schedule.objects.get(pk=schedule["id"]).name == "Nightly"
    assert page.post(f"/schedules/{schedule['id']}/revert/", {"event": "x"}).status_code == 404
