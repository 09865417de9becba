"""Logging in, and that nobody signs up by themselves."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def user() -> User:
    return User.objects.create_user("olga", password=PASSWORD)


def test_a_user_logs_in_with_name_and_password(client: Client, user: User) -> None:
    page = client.get("/accounts/login/")
    assert page.status_code == 200
    assert "Log in" in page.content.decode()
    answer = client.post("/accounts/login/", {"login": "olga", "password": PASSWORD})
    assert answer.status_code == 302
    assert answer["Location"] == "/"
    assert client.session["_auth_user_id"] == str(user.pk)


def test_a_wrong_password_is_refused_without_saying_which_part_was_wrong(client: Client, user: User) -> None:
    texts = set()
    for name in ("olga", "nobody"):
        answer = client.post("/accounts/login/", {"login": name, "password": "wrong"})
        assert answer.status_code == 200
        texts.add("not correct" in answer.content.decode())
    assert texts == {True}


def test_guessing_passwords_is_slowed_down(client: Client, user: User) -> None:
    for _ in range(5):
        client.post("/accounts/login/", {"login": "olga", "password": "wrong"})
    answer = client.post("/accounts/login/", {"login": "olga", "password": PASSWORD})
    assert "_auth_user_id" not in client.session
    assert "Too many" in answer.content.decode()


def test_sign_up_is_closed(client: Client) -> None:
    assert "Sign-up is closed" in client.get("/accounts/signup/").content.decode()
    client.post("/accounts/signup/", {"username": "eve", "password1": PASSWORD, "password2": PASSWORD})
    assert not User.objects.filter(username="eve").exists()


HOSTILE = [
    "https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "http:evil.example", "https:evil.example", "javascript:alert(1)", "data:text/html,x", "//evil.example/%2f..",
    "/\t/evil.example",
    "\t//evil.example", " https://evil.example", "https://testserver@evil.example", "https://testserver.evil.example",
    "//testserver@evil.example", "ftp://evil.example", "//evil%E3%80%82example", "https:///evil.example",
    "/\n/evil.example",
]  # fmt: skip


@pytest.mark.parametrize("target", HOSTILE)
def test_login_redirects_nowhere_else(client: Client, user: User, target: str) -> None:
    answer = client.post("/accounts/login/", {"login": "olga", "password": PASSWORD, "next": target})
    assert answer.status_code == 302
    assert answer["Location"] == "/"


def test_the_four_roles_exist() -> None:
    assert set(Group.objects.values_list("name", flat=True)) >= {"viewer", "operator", "scheduler", "admin"}
