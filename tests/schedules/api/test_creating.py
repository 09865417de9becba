"""`POST /api/schedules/` and lists."""

from __future__ import annotations

from typing import Any

import pytest

from schedules.models import Schedule
from tests.people import Api, somebody
from tests.schedules.api.bodies import BODY, TASK

pytestmark = pytest.mark.django_db


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


@pytest.mark.parametrize("pages", [[{"vlan": 5000}], [{"name": "ams1", "password": "x"}, {"site": "moon"}]])
def test_wrong_inputs_are_told_page_by_page_as_where_a_process_is_started(api: Api, pages: Any) -> None:
    asked = {"workflow_name": "task_showcase", "user_inputs": pages}
    answer = api.post("/api/schedules/", {**BODY, **asked})
    assert answer.status_code == 400
    told = answer.json()["errors"]["user_inputs"]
    assert [bool(page) for page in told] == [False] * (len(pages) - 1) + [True]
    starter = Api(somebody("olga", "operator"))
    assert told == starter.post("/api/processes/", asked).json()["errors"]["user_inputs"]


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
