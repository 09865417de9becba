"""API tokens: made, scoped, expiring, revoked."""

from __future__ import annotations

import socket
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import structlog
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.audit import changes, event_model
from accounts.models import AuthToken, Scope
from accounts.tokens import create_token
from tests.people import Api, somebody

pytestmark = pytest.mark.django_db


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("createtoken", *arguments, stdout=out)
    return out.getvalue().rstrip("\n").splitlines()[-1]


def status_with(header: str) -> int:
    return Client(headers={"Authorization": header}).get("/api/tasks/").status_code


def test_createtoken_prints_a_token_that_works_on_its_last_line() -> None:
    somebody("olga", "viewer")
    text = printed("olga")
    assert status_with(f"Token {text}") == 200
    assert not AuthToken.objects.filter(digest__contains=text).exists()


def test_createtoken_takes_name_scopes_and_lifetime() -> None:
    somebody("olga", "viewer")
    printed("olga", "--name", "Backup", "--scope", "read", "--scope", "start", "--expires", "90d")
    token = AuthToken.objects.get()
    assert (token.name, token.scopes) == ("Backup", ["read", "start"])
    assert token.expiry is not None
    assert timedelta(days=89) < token.expiry - timezone.now() <= timedelta(days=90)


def test_the_trail_says_that_a_command_made_the_token_and_under_which_account() -> None:
    somebody("olga", "viewer")
    printed("olga")
    [change] = changes(event_model(AuthToken))
    assert (change.kind, change.door) == ("insert", "command")
    assert change.who.endswith(f"@{socket.gethostname()}")


def test_log_lines_of_a_request_with_a_token_name_its_user() -> None:
    olga = somebody("olga", "operator")
    header = f"Token {printed('olga')}"
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        Client(headers={"Authorization": header}).post(
            "/api/processes/", {"workflow_name": "succeeding"}, content_type="application/json"
        )
    [line] = [line for line in lines if line["event"] == "process_created"]
    assert line["user_id"] == olga.pk


@pytest.mark.parametrize("arguments", [["nobody"], ["olga", "--scope", "all"], ["olga", "--expires", "soon"]])
def test_createtoken_refuses_what_it_does_not_understand(arguments: list[str]) -> None:
    somebody("olga")
    with pytest.raises(CommandError):
        call_command("createtoken", *arguments)
    assert not AuthToken.objects.exists()


@pytest.mark.parametrize(
    "header",
    [
        "Token",
        "Token x",
        "Token a b",
        "Token " + "f" * 64,
        "Token " + "é" * 10,
        "Token %00",
        "token \x7f",
        "Bearer x",
        "",
    ],
)
def test_a_wrong_token_is_refused(header: str) -> None:
    assert status_with(header) == 401


def test_an_expired_token_is_refused_and_stays_listed() -> None:
    user = somebody("olga", "viewer")
    _, text = create_token(user, lifetime=timedelta(seconds=-1))
    answer = Client(headers={"Authorization": f"Token {text}"}).get("/api/tasks/")
    assert answer.status_code == 401
    assert "expired" in answer.json()["detail"]
    assert AuthToken.objects.filter(user=user).exists()


def test_a_revoked_token_is_refused_from_the_next_request_on() -> None:
    user = somebody("olga", "viewer")
    api = Api(user)
    assert api.get("/api/tasks/").status_code == 200
    page = Client()
    page.force_login(user)
    assert page.post(f"/accounts/tokens/{api.token.token_id}/revoke/").status_code == 302
    assert api.get("/api/tasks/").status_code == 401


def test_the_token_of_a_closed_account_is_refused() -> None:
    user = somebody("olga", "viewer")
    api = Api(user)
    user.is_active = False
    user.save()
    assert api.get("/api/tasks/").status_code == 401


def test_the_last_use_is_written_at_most_once_a_minute(django_assert_num_queries: Any) -> None:
    api = Api(somebody("olga", "viewer"))
    api.get("/api/status/")
    api.token.refresh_from_db()
    first = api.token.last_used_at
    assert first is not None
    api.get("/api/status/")
    api.token.refresh_from_db()
    assert api.token.last_used_at == first


OPERATIONS = [
    (Scope.READ, "get", "/api/tasks/"),
    (Scope.READ, "get", "/api/processes/"),
    (Scope.READ, "get", "/api/schedules/"),
    (Scope.READ, "get", "/api/status/"),
    (Scope.READ, "post", "/api/schedules/preview/"),
    (Scope.START, "post", "/api/processes/"),
    (Scope.START, "post", "/api/processes/bulk/"),
    (Scope.SCHEDULE, "post", "/api/schedules/"),
    (Scope.SCHEDULE, "post", "/api/schedules/bulk/"),
    (Scope.ADMIN, "put", "/api/status/"),
]


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize(("needed", "method", "path"), OPERATIONS)
def test_a_token_does_nothing_outside_its_scopes(scope: Scope, needed: Scope, method: str, path: str) -> None:
    api = Api(somebody("ada", "admin"), scope)
    answer = api.get(path) if method == "get" else api.send(method, path, {})
    if scope in {needed, Scope.ADMIN}:
        assert answer.status_code in {200, 400}
    else:
        assert answer.status_code == 403
        assert needed in answer.json()["detail"]


def test_a_scope_gives_nothing_that_its_user_may_not() -> None:
    api = Api(somebody("vera", "viewer"), Scope.ADMIN)
    body = {"workflow_name": "task_sync_from", "user_inputs": []}
    assert api.post("/api/processes/", body).status_code == 403
    assert api.put("/api/status/", {"global_lock": True}).status_code == 403


def test_the_page_makes_a_token_and_shows_it_once() -> None:
    user = somebody("olga", "viewer")
    page = Client()
    page.force_login(user)
    made = page.post("/accounts/tokens/", {"name": "Backup", "scopes": ["read"], "lifetime": "30"})
    token = AuthToken.objects.get(user=user)
    text = made.content.decode().split('id="new-token">')[1].split("<")[0]
    assert status_with(f"Token {text}") == 200
    assert token.scopes == ["read"]
    assert text not in page.get("/accounts/tokens/").content.decode()


def test_nobody_revokes_the_token_of_another() -> None:
    token, _ = create_token(somebody("olga"))
    page = Client()
    page.force_login(somebody("eve", "admin"))
    page.post(f"/accounts/tokens/{token.token_id}/revoke/")
    assert AuthToken.objects.filter(pk=token.pk).exists()
