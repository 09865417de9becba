"""`GET /api/processes/`: one process, its logs, and lists."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.pages import made
from tests.people import Api, somebody
from tests.tasks.api.processes import run, start

pytestmark = pytest.mark.django_db
runs = pytest.mark.django_db(transaction=True)


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
    assert {"id", "position", "item", "at", "level", "message"} == set(rows[0])


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
    assert ids("group=active") == {first, second}
    assert ids("group=completed") == set()
    assert ids("created_by=olga&origin=api") == {first, second}
    assert ids("created_by=nobody") == set()
    assert ids(f"schedule_id={uuid4()}") == set()
    assert ids("started_after=2001-01-01T00:00:00Z&is_task=true") == {first, second}
    assert ids("started_before=2001-01-01T00:00:00Z") == set()
    assert ids("search=COUNT") == {second}


def test_failures_are_three_statuses_that_one_group_asks_for(api: Api) -> None:
    failures = ["api_unavailable", "failed", "inconsistent_data"]
    for status in (*failures, "completed", "suspended"):
        made(status)

    def statuses(query: str) -> list[str]:
        return sorted(row["status"] for row in api.get(f"/api/processes/?{query}").json()["results"])

    assert statuses("status=failed") == ["failed"]
    assert statuses("group=failed") == failures
    assert statuses("group=failed&status=failed&status=completed") == ["failed"]


@pytest.mark.parametrize(
    "query",
    ["status=", "status=x", "group=x", "schedule_id=x", "started_after=x", "started_after=0000-00-00", "origin=%F0%9F",
     "started_before=9999-12-31T23:59:59-23:59", "workflow=counting"],
)  # fmt: skip
def test_no_filter_breaks_the_list(api: Api, query: str) -> None:
    assert api.get(f"/api/processes/?{query}").status_code in {200, 400}


def test_the_latest_come_first(api: Api) -> None:
    ids = [start(api, "succeeding") for _ in range(3)]
    assert [row["process_id"] for row in api.get("/api/processes/").json()["results"]] == ids[::-1]
