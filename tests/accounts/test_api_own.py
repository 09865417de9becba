"""`/api/tokens/` and `/api/sessions/`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuthToken, Scope
from accounts.tokens import create_token
from tests.people import PASSWORD, Api, somebody

pytestmark = pytest.mark.django_db


def with_token(text: str) -> Client:
    return Client(headers={"Authorization": f"Token {text}"})


def test_a_token_is_made_told_once_used_and_revoked() -> None:
    api = Api(somebody("olga", "operator"))
    answer = api.post("/api/tokens/", {"name": "Backup", "scopes": ["read"], "expires_in_days": 30})
    assert answer.status_code == 201, answer.content
    assert answer["Cache-Control"] == "no-store"
    made = answer.json()
    assert (made["name"], made["scopes"], made["last_used_at"]) == ("Backup", ["read"], None)
    assert with_token(made["token"]).get("/api/tasks/").status_code == 200
    listed = {row["token_id"]: row for row in api.get("/api/tokens/").json()["results"]}
    assert made["token"] not in api.get("/api/tokens/").content.decode()
    assert listed[made["token_id"]]["last_used_at"]
    assert api.delete(f"/api/tokens/{made['token_id']}/").status_code == 204
    assert with_token(made["token"]).get("/api/tasks/").status_code == 401
    assert api.delete(f"/api/tokens/{made['token_id']}/").status_code == 404


def test_tokens_of_others_are_neither_listed_nor_revoked() -> None:
    other = create_token(somebody("vera", "viewer"))[0]
    api = Api(somebody("ada", "admin"))
    assert str(other.token_id) not in api.get("/api/tokens/").content.decode()
    assert api.delete(f"/api/tokens/{other.token_id}/").status_code == 404
    assert AuthToken.objects.filter(pk=other.pk).exists()


@pytest.mark.parametrize("scope", [Scope.READ, Scope.START, Scope.SCHEDULE])
def test_a_token_with_few_scopes_makes_and_revokes_none(scope: Scope) -> None:
    api = Api(somebody("ada", "admin"), scope)
    assert api.post("/api/tokens/", {"name": "more"}).status_code == 403
    assert api.delete(f"/api/tokens/{api.token.token_id}/").status_code == 403
    assert AuthToken.objects.count() == 1


@pytest.mark.parametrize(("days", "status"), [(None, 403), (8, 403), (6, 201)])
def test_a_token_that_expires_makes_none_that_outlives_it(days: int | None, status: int) -> None:
    _, text = create_token(somebody("ada", "admin"), lifetime=timedelta(days=7))
    body = {"name": "longer", "expires_in_days": days}
    assert with_token(text).post("/api/tokens/", body, content_type="application/json").status_code == status


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"name": "x" * 101}, {"scopes": ["root"]}, {"expires_in_days": 0}, {"expires_in_days": 10**9},
     {"user": 1}, {"digest": "x"}, {"token_key": "x"}],
)  # fmt: skip
def test_what_is_wrong_is_said_and_no_token_made(wrong: dict[str, Any]) -> None:
    api = Api(somebody("olga", "operator"))
    answer = api.post("/api/tokens/", {"name": "x", **wrong})
    assert answer.status_code == 400
    assert wrong.keys() <= answer.json()["errors"].keys()
    assert AuthToken.objects.count() == 1


def test_sessions_are_listed_and_ended() -> None:
    user = somebody("olga", "operator")
    browser = Client()
    browser.post("/accounts/login/", {"login": "olga", "password": PASSWORD}, headers={"User-Agent": "Lynx"})
    assert browser.get("/tasks/").status_code == 200
    api, stranger = Api(user), Api(somebody("ada", "admin"))
    [session] = api.get("/api/sessions/").json()["results"]
    assert session["user_agent"] == "Lynx"
    assert stranger.get("/api/sessions/").json()["results"] == []
    assert stranger.delete(f"/api/sessions/{session['id']}/").status_code == 404
    assert api.delete(f"/api/sessions/{session['id']}/").status_code == 204
    assert browser.get("/tasks/").status_code == 302
    assert api.delete("/api/sessions/99999999999999999999/").status_code == 404
