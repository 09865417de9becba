"""`/api/people/`, `/api/groups/` and `/api/grants/`: for administrators."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group

from accounts.audit import changes_of
from accounts.models import Action, User, WorkflowGrant
from accounts.permissions import may
from tests.people import Api, grant, somebody

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    return Api(somebody("ada", "admin"))


def test_an_account_is_made_changed_and_closed(api: Api) -> None:
    body = {"username": "nina", "groups": ["operator"], "password": "correct horse battery"}
    answer = api.post("/api/people/", body)
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert (made["username"], made["groups"], made["is_active"]) == ("nina", ["operator"], True)
    assert "password" not in answer.content.decode()
    nina = User.objects.get(username="nina")
    assert nina.check_password("correct horse battery")
    assert api.patch(f"/api/people/{nina.pk}/", {"first_name": "Nina"}).json()["groups"] == ["operator"]
    nina.refresh_from_db()
    assert nina.check_password("correct horse battery")
    assert api.patch(f"/api/people/{nina.pk}/", {"groups": ["viewer"]}).json()["groups"] == ["viewer"]
    assert not may(User.objects.get(pk=nina.pk), Action.START, "counting")
    theirs = Api(nina)
    api.patch(f"/api/people/{nina.pk}/", {"is_active": False})
    assert theirs.get("/api/tasks/").status_code == 401
    assert {change.who for change in changes_of(nina)} == {"ada"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"username": ""}, "username"), ({"username": "ada"}, "username"), ({"username": "a b"}, "username"),
        ({"groups": ["nothing"]}, "groups"), ({"groups": "admin"}, "groups"), ({"password": "short"}, "password"),
        ({"password": "nina-nina-nina"}, "password"), ({"email": "x"}, "email"),
        ({"is_superuser": True}, "is_superuser"), ({"is_staff": True}, "is_staff"), ({"id": 1}, "id"),
        ({"user_permissions": [1]}, "user_permissions"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_by_field_and_nobody_is_made(api: Api, change: Any, field: str) -> None:
    answer = api.post("/api/people/", {"username": "nina-nina-nin", **change})
    assert answer.status_code == 400, answer.content
    assert field in answer.json()["errors"]
    assert User.objects.count() == 1


def test_the_account_of_a_superuser_is_changed_by_superusers_only(api: Api) -> None:
    root = User.objects.create_superuser("root")
    body = {"password": "correct horse battery"}
    assert api.patch(f"/api/people/{root.pk}/", body).status_code == 403
    assert not User.objects.get(pk=root.pk).has_usable_password()
    assert Api(root).patch(f"/api/people/{root.pk}/", body).status_code == 200


@pytest.mark.parametrize("role", ["viewer", "operator", "scheduler"])
def test_others_may_not_even_look(role: str) -> None:
    other = Api(somebody(role, role))
    for path in (
        "/api/people/",
        f"/api/people/{other.user.pk}/",
        "/api/groups/",
        "/api/grants/",
        "/api/grants/counting/",
    ):
        assert other.get(path).status_code == 403, path
    assert other.patch(f"/api/people/{other.user.pk}/", {"groups": ["admin"]}).status_code == 403
    assert other.put("/api/grants/counting/", {"grants": []}).status_code == 403


def test_a_group_is_made_and_deleted_and_roles_stay(api: Api) -> None:
    made = api.post("/api/groups/", {"name": "netops"}).json()
    assert made["is_role"] is False
    assert api.post("/api/groups/", {"name": "netops"}).json()["errors"]["name"]
    assert {"netops", "viewer"} <= {row["name"] for row in api.get("/api/groups/").json()["results"]}
    assert api.delete(f"/api/groups/{made['id']}/").status_code == 204
    assert api.delete(f"/api/groups/{made['id']}/").status_code == 404
    assert api.delete(f"/api/groups/{Group.objects.get(name='viewer').pk}/").status_code == 403


def test_a_group_that_alone_keeps_a_workflow_from_others_is_not_deleted(api: Api) -> None:
    grant("counting", "netops", Action.SEE)
    answer = api.delete(f"/api/groups/{Group.objects.get(name='netops').pk}/")
    assert answer.status_code == 409
    assert "counting" in answer.json()["detail"]
    assert api.put("/api/grants/counting/", {"grants": []}).status_code == 200
    assert api.delete(f"/api/groups/{Group.objects.get(name='netops').pk}/").status_code == 204


def test_grants_are_replaced_and_in_force_at_once(api: Api) -> None:
    grant("counting", "netops", Action.SEE)
    nina, olga = somebody("nina", "netops"), somebody("olga", "operator")
    wanted = [{"group": "netops", "actions": ["retry", "start"]}]
    answer = api.put("/api/grants/counting/", {"grants": wanted})
    assert answer.json() == {"workflow_name": "counting", "grants": wanted}
    assert api.get("/api/grants/counting/").json()["grants"] == wanted
    assert may(nina, Action.START, "counting")
    assert not may(olga, Action.SEE, "counting")
    listed = {row["workflow_name"]: row["grants"] for row in api.get("/api/grants/").json()["results"]}
    assert (listed["counting"], listed["succeeding"]) == (wanted, [])
    assert api.put("/api/grants/counting/", {"grants": []}).json()["grants"] == []
    assert not WorkflowGrant.objects.exists()
    assert may(olga, Action.START, "counting")


@pytest.mark.parametrize(
    "grants",
    [[{"group": "nothing", "actions": ["see"]}], [{"group": "admin", "actions": ["see"]}],
     [{"group": "viewer", "actions": ["fly"]}], [{"group": "viewer", "actions": []}], [{"group": "viewer"}], "x", None],
)  # fmt: skip
def test_wrong_grants_change_nothing(api: Api, grants: Any) -> None:
    grant("counting", "netops", Action.SEE)
    assert api.put("/api/grants/counting/", {"grants": grants}).json()["errors"]["grants"]
    assert WorkflowGrant.objects.count() == 1
    assert api.put("/api/grants/nothing/", {"grants": []}).status_code == 404
