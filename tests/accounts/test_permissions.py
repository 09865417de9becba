"""Roles and grants: who may do what with which workflow."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group

from accounts.models import Action, User, WorkflowGrant
from accounts.permissions import is_admin, may, preload, visible_workflows
from tasks.models import Workflow
from tests.people import grant, somebody

pytestmark = pytest.mark.django_db
EVERYTHING = set(Action)
BY_ROLE = {
    "viewer": {Action.SEE},
    "operator": {Action.SEE, Action.START, Action.RETRY},
    "scheduler": EVERYTHING,
    "admin": EVERYTHING,
}


def allowed(user: Any, name: str = "sync") -> set[Action]:
    return {action for action in Action if may(user, action, name)}


@pytest.mark.parametrize("role", BY_ROLE)
def test_a_role_gives_its_actions_on_every_workflow_without_grants(role: str) -> None:
    user = somebody("olga", role)
    assert allowed(user) == BY_ROLE[role]
    assert visible_workflows(user) is None


def test_who_has_no_role_sees_nothing() -> None:
    user = somebody("olga")
    assert allowed(user) == set()
    assert visible_workflows(user) == set()


def test_the_system_and_superusers_may_do_all() -> None:
    grant("sync", "netops", Action.SEE)
    root = User.objects.create_superuser("root")
    for user in (None, root):
        assert allowed(user) == EVERYTHING
        assert visible_workflows(user) is None
        assert is_admin(user)


def test_nobody_without_an_account_or_with_a_closed_one_may_do_anything() -> None:
    closed = somebody("olga", "admin", is_active=False)
    root = User.objects.create_superuser("root", is_active=False)
    for user in (AnonymousUser(), closed, root):
        assert allowed(user) == set()
        assert visible_workflows(user) == set()
        assert not is_admin(user)


def test_only_admins_administer() -> None:
    assert is_admin(somebody("ada", "admin"))
    assert not is_admin(somebody("olga", "viewer", "operator", "scheduler"))


def test_a_grant_closes_the_workflow_to_the_roles() -> None:
    grant("sync", "netops", Action.START)
    operator, member = somebody("olga", "operator"), somebody("nina", "netops")
    assert allowed(operator) == set()
    assert allowed(member) == {Action.SEE, Action.START}
    assert allowed(operator, "other") == BY_ROLE["operator"]
    assert allowed(member, "other") == set()
    assert allowed(somebody("ada", "admin")) == EVERYTHING


@pytest.mark.parametrize(
    ("action", "included"),
    [
        (Action.SEE, {Action.SEE}),
        (Action.START, {Action.SEE, Action.START}),
        (Action.RETRY, {Action.SEE, Action.RETRY}),
        (Action.SCHEDULE, {Action.SEE, Action.START, Action.SCHEDULE}),
    ],
)
def test_a_grant_includes_what_it_makes_no_sense_without(action: Action, included: set[Action]) -> None:
    grant("sync", "netops", action)
    assert allowed(somebody("nina", "netops")) == included


def test_grants_can_name_roles_too() -> None:
    grant("sync", "viewer", Action.START)
    assert allowed(somebody("vera", "viewer")) == {Action.SEE, Action.START}
    assert allowed(somebody("olga", "operator")) == set()


def test_visible_workflows_leaves_out_what_grants_close() -> None:
    names = set(Workflow.objects.values_list("name", flat=True))
    hidden = sorted(names)[0]
    grant(hidden, "netops", Action.SEE)
    assert visible_workflows(somebody("vera", "viewer")) == names - {hidden}
    assert visible_workflows(somebody("nina", "netops")) == {hidden}
    assert visible_workflows(somebody("nora", "netops", "viewer")) is None


def test_a_change_of_groups_or_grants_counts_at_once() -> None:
    user = somebody("olga")
    assert not may(user, Action.START, "sync")
    user.groups.add(Group.objects.get(name="operator"))
    assert may(user, Action.START, "sync")
    grant("sync", "netops", Action.START)
    assert not may(user, Action.START, "sync")
    WorkflowGrant.objects.all().delete()
    assert may(user, Action.START, "sync")
    user.groups.clear()
    assert not may(user, Action.START, "sync")


def test_asking_about_many_users_takes_two_queries(django_assert_num_queries: Any) -> None:
    users = [somebody(f"user-{number}", "operator") for number in range(20)]
    with django_assert_num_queries(2):
        preload(users)
        assert all(may(user, Action.START, f"workflow-{number}") for number, user in enumerate(users))


def test_asking_again_takes_none(django_assert_num_queries: Any) -> None:
    user = somebody("olga", "operator")
    may(user, Action.SEE, "sync")
    with django_assert_num_queries(0):
        assert may(user, Action.START, "another")
