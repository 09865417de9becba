"""What holds for every operation of the API: sessions and CSRF, the rate, idempotency keys, refusals, pages."""

from __future__ import annotations

import hashlib
import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import throttling
from accounts.api import rules
from accounts.models import IdempotentRequest
from schedules.models import Schedule
from tests.people import Api, somebody

pytestmark = pytest.mark.django_db
SCHEDULE = {
    "name": "Nightly",
    "workflow_name": "task_sync_from",
    "trigger": "cron",
    "trigger_kwargs": {"expression": "0 1 * * *"},
    "user_inputs": [],
}


def test_a_session_works_and_changes_nothing_without_its_csrf_token() -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(somebody("sven", "scheduler"))
    assert browser.get("/api/tasks/").status_code == 200
    refused = browser.post("/api/schedules/", SCHEDULE, content_type="application/json")
    assert refused.status_code == 403
    assert "CSRF" in refused.json()["detail"]
    assert not Schedule.objects.filter(name="Nightly").exists()
    browser.get("/accounts/tokens/")
    token = browser.cookies["csrftoken"].value
    made = browser.post("/api/schedules/", SCHEDULE, content_type="application/json", headers={"X-CSRFToken": token})
    assert made.status_code == 201


def test_without_credentials_the_answer_is_401_and_says_what_is_missing() -> None:
    answer = Client().get("/api/processes/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"
    assert answer["Content-Type"] == "application/problem+json"


def test_a_refusal_is_a_problem_with_errors_by_field() -> None:
    answer = Api(somebody("sven", "scheduler")).post("/api/schedules/", {"trigger": "zap", "nmae": "x"})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 400
    assert problem["title"] == "Bad Request"
    assert set(problem["errors"]) == {"name", "nmae", "workflow_name", "trigger", "trigger_kwargs"}


@pytest.mark.parametrize("path", ["/api/nothing/", "/api/processes/not-a-uuid/", "/api/schedules/1/"])
def test_what_does_not_exist_is_a_problem_too(path: str) -> None:
    answer = Api(somebody("vera", "viewer")).get(path)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_so_it_is_for_programs_that_would_change_something(method: str) -> None:
    answer: Any = Client(enforce_csrf_checks=True).generic(method, "/api/groups/-1/", b"{}")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"a=1", "application/x-www-form-urlencoded", 415),
        (b"<a/>", "text/xml", 415),
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"a": "\\u0000"}', "application/json", 400),
        (b'{"a": "\\ud800"}', "application/json", 400),
        (b'{"a": 1e999}', "application/json", 400),
        (b'{"a": NaN}', "application/json", 400),
        (b'{"a": 1' + b"0" * 400 + b"}", "application/json", 400),
        (b'{"a": 1' + b"0" * 5000 + b"}", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "application/json", 400),
        (b"[]", "application/json", 400),
        (b"null", "application/json", 400),
        (b'"text"', "application/json", 400),
        (b"{}", "application/json; charset=hex", 400),
        (b"{}", "application/json; charset=utf-16", 400),
    ],
)
@pytest.mark.parametrize("path", ["/api/processes/", "/api/schedules/", "/api/schedules/preview/"])
def test_hostile_bodies_are_refused(path: str, body: bytes, content_type: str, status: int) -> None:
    api = Api(somebody("ada", "admin"))
    answer: Any = api.client.generic("POST", path, body, content_type=content_type)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"


def test_nobody_stores_a_form_of_endless_pages() -> None:
    api = Api(somebody("ada", "admin"))
    answer = api.post("/api/processes/", {"workflow_name": "succeeding", "user_inputs": [{}] * 101})
    assert answer.status_code == 400
    assert answer.json()["errors"]["user_inputs"]


@pytest.mark.parametrize(("depth", "refused"), [(50, False), (51, True)])
def test_a_body_is_nested_fifty_deep_at_most(depth: int, refused: bool) -> None:
    api = Api(somebody("ada", "admin"))
    body = b'{"a":' + b"[" * (depth - 1) + b"1" + b"]" * (depth - 1) + b"}"
    answer: Any = api.client.generic("POST", "/api/processes/", body, content_type="application/json")
    assert answer.status_code == 400
    assert ("nested too deeply" in answer.content.decode()) is refused


def test_a_body_that_is_too_large_is_refused(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = Api(somebody("ada", "admin")).post("/api/processes/", {"workflow_name": "x" * 2000})
    assert answer.status_code == 413


def test_an_address_with_nul_is_refused() -> None:
    api = Api(somebody("ada", "admin"))
    assert api.get("/api/workflows/a%00b/").status_code == 400
    assert api.get("/api/processes/?search=%00").status_code == 400


# The rate


@pytest.fixture
def slow_rate(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ORCHESTRATOR_API_RATE = "20/h"
    monkeypatch.setattr(throttling, "_leases", {})
    monkeypatch.setattr(throttling, "_next_forgetting", float("inf"))


@pytest.mark.usefixtures("slow_rate")
def test_more_requests_than_the_rate_allows_are_refused_with_the_time_to_wait() -> None:
    api = Api(somebody("vera", "viewer"))
    statuses = [api.get("/api/status/").status_code for _ in range(25)]
    assert statuses == [200] * 20 + [429] * 5
    answer = api.get("/api/status/")
    assert 0 < int(answer["Retry-After"]) <= 3600


@pytest.mark.usefixtures("slow_rate")
def test_each_token_has_a_rate_of_its_own() -> None:
    user = somebody("vera", "viewer")
    first, second = Api(user), Api(user)
    for _ in range(21):
        last = first.get("/api/status/").status_code
    assert last == 429
    assert second.get("/api/status/").status_code == 200


@pytest.mark.usefixtures("slow_rate")
def test_the_rate_is_counted_over_all_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(somebody("vera", "viewer"))
    allowed = 0
    for _ in range(25):
        monkeypatch.setattr(throttling, "_leases", {})  # as if each request met another process
        allowed += api.get("/api/status/").status_code == 200
    assert allowed == 10  # each took a tenth of the rate, and used one


def test_no_more_are_taken_than_the_window_has() -> None:
    taken = [throttling.take_one("token:hour", 3, 3600)[0] for _ in range(5)]
    assert taken == [True] * 3 + [False] * 2


def test_more_strangers_than_are_forgotten_at_once_are_forgotten_at_the_next_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE accounts_rate")
        cursor.executemany("INSERT INTO accounts_rate VALUES (%s, %s, 1)", [(f"address:{n}", n) for n in range(7)])
    monkeypatch.setattr(throttling, "_next_forgetting", 0.0)
    monkeypatch.setattr(throttling, "FORGET_AT_ONCE", 3)
    for number in range(3):
        throttling.take_one(f"address:new {number}", 3, 3600)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_rate")
        assert cursor.fetchone() == (3,)


def test_what_was_counted_in_windows_that_are_over_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE accounts_rate")
        cursor.executemany("INSERT INTO accounts_rate VALUES (%s, %s, 1)", [(f"address:{n}", n) for n in range(20)])
    monkeypatch.setattr(throttling, "_leases", {})
    monkeypatch.setattr(throttling, "_next_forgetting", float("inf"))
    assert throttling.take_one("address:now", 3, 3600)[0]
    assert throttling.forget(3600) == 20
    assert throttling.forget(3600) == 0
    assert not all(throttling.take_one("address:now", 3, 3600)[0] for _ in range(3))


def test_a_new_window_begins_afresh() -> None:
    key = "token:test"
    allowed, ends = True, 0.0
    while allowed:
        allowed, ends = throttling.take_one(key, 3, 1)
    while time.monotonic() < ends:
        time.sleep(0.01)
    assert throttling.take_one(key, 3, 1)[0]


def test_counting_costs_one_statement_in_ten() -> None:
    with connection.execute_wrapper(_count := Counter()):
        for _ in range(100):
            assert throttling.take_one("token:cheap", 1000, 3600)[0]
    assert _count.statements == 1


class Counter:
    """Counts the statements of a connection."""

    statements = 0

    def __call__(self, execute: Any, *arguments: Any) -> Any:
        self.statements += 1
        return execute(*arguments)


# Idempotency keys


def test_a_repeated_request_under_the_same_key_is_done_once_and_answered_alike() -> None:
    api = Api(somebody("sven", "scheduler"))
    first = api.post("/api/schedules/", SCHEDULE, Idempotency_Key="k1")
    second = api.post("/api/schedules/", SCHEDULE, Idempotency_Key="k1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    assert Schedule.objects.filter(name="Nightly").count() == 1


def test_the_same_key_for_another_request_is_refused() -> None:
    api = Api(somebody("sven", "scheduler"))
    api.post("/api/schedules/", SCHEDULE, Idempotency_Key="k1")
    assert api.post("/api/schedules/", {**SCHEDULE, "name": "Other"}, Idempotency_Key="k1").status_code == 422
    assert not Schedule.objects.filter(name="Other").exists()


def test_keys_of_different_people_do_not_meet() -> None:
    body = SCHEDULE
    one, other = Api(somebody("sven", "scheduler")), Api(somebody("sara", "scheduler"))
    ids = {api.post("/api/schedules/", body, Idempotency_Key="k1").json()["id"] for api in (one, other)}
    assert len(ids) == 2


def test_a_refused_request_does_not_use_up_its_key() -> None:
    api = Api(somebody("sven", "scheduler"))
    wrong = {**SCHEDULE, "workflow_name": "nothing"}
    assert api.post("/api/schedules/", wrong, Idempotency_Key="k1").status_code == 400
    assert not IdempotentRequest.objects.exists()
    assert api.post("/api/schedules/", SCHEDULE, Idempotency_Key="k1").status_code == 201


def test_a_key_keeps_no_secret_and_nothing_to_try_one_out_on() -> None:
    api = Api(somebody("olga", "operator"))
    body = {"user_inputs": [{"password": "canary-4402"}], "workflow_name": "secretive"}
    assert api.post("/api/processes/", body, Idempotency_Key="k1").status_code == 201
    row = IdempotentRequest.objects.get()
    assert "canary" not in json.dumps(row.body)
    plain = f"POST /api/processes/\n{json.dumps(body, sort_keys=True)}"
    assert row.fingerprint != hashlib.sha256(plain.encode()).hexdigest()


def test_keys_are_kept_for_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(somebody("sven", "scheduler"))
    api.post("/api/schedules/", SCHEDULE, Idempotency_Key="old")
    api.post("/api/schedules/", SCHEDULE, Idempotency_Key="young")
    past = timezone.now() - timedelta(hours=25)
    IdempotentRequest.objects.filter(key="old").update(created_at=past)
    monkeypatch.setattr(rules, "_next_forgetting", 0.0)
    assert api.post("/api/schedules/", SCHEDULE, Idempotency_Key="young")["Idempotent-Replayed"] == "true"
    assert list(IdempotentRequest.objects.values_list("key", flat=True)) == ["young"]


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_an_impossible_key_is_refused(key: str) -> None:
    api = Api(somebody("sven", "scheduler"))
    assert api.post("/api/schedules/", SCHEDULE, Idempotency_Key=key).status_code == 400


# Pages


def test_pages_follow_each_other_without_loss_in_both_directions() -> None:
    api = Api(somebody("sven", "scheduler"))
    for number in range(7):
        api.post("/api/schedules/", {**SCHEDULE, "name": f"S{number % 3}", "tags": ["walk"]})
    for ordering in ("name", "-name", "next_due_at", "-next_due_at", "created_at", "-created_at"):
        forth = list(walk(api, f"/api/schedules/?tag=walk&limit=3&ordering={ordering}", "next"))
        assert [len(page["results"]) for page in forth] == [3, 3, 1]
        seen = [row["id"] for page in forth for row in page["results"]]
        assert len(set(seen)) == 7
        back = list(walk(api, forth[-1]["previous"], "previous"))
        assert [row["id"] for page in reversed(back) for row in page["results"]] == seen[:6]


def walk(api: Api, address: str | None, direction: str) -> Any:
    while address:
        page = api.get(address).json()
        yield page
        address = page[direction]


def test_rows_without_a_value_come_last_in_both_orders() -> None:
    api = Api(somebody("sven", "scheduler"))
    ids = [api.post("/api/schedules/", {**SCHEDULE, "tags": ["walk"]}).json()["id"] for _ in range(4)]
    for pk in ids[:2]:
        api.post(f"/api/schedules/{pk}/pause/", {})
    for ordering in ("next_due_at", "-next_due_at"):
        pages = list(walk(api, f"/api/schedules/?tag=walk&limit=1&ordering={ordering}", "next"))
        due = [row["next_run_at"] for page in pages for row in page["results"]]
        assert [value is None for value in due] == [False, False, True, True]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "limit=-1", "limit=9999999999", "ordering=password", "ordering=--name",
     "cursor=x", "cursor=WzEsMl0=", "cursor=WzAsIngiLCJ5Il0=", "nothing=1", "enabled=x", "trigger=zap"],
)  # fmt: skip
def test_wrong_parameters_of_a_list_are_refused(query: str) -> None:
    answer = Api(somebody("vera", "viewer")).get(f"/api/schedules/?{query}")
    if query == "enabled=x":  # django-filter reads an unknown truth value as none given
        assert answer.status_code == 200
        return
    assert answer.status_code == 400
    assert query.split("=")[0] in answer.json()["errors"]


def test_the_root_lists_the_addresses_to_programs_and_leads_browsers_to_the_documentation() -> None:
    listed = Client().get("/api/").json()
    assert listed["tasks"] == "http://testserver/api/tasks/"
    ada = Api(somebody("ada", "admin"))
    for address in listed.values():
        assert ada.get(address.removeprefix("http://testserver")).status_code == 200
    browser = Client(headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert browser.get("/api/")["Location"] == "/api/docs/"
    assert Client().get("/api/nothing/").json()["status"] == 404
