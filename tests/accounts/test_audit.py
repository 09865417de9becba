"""The trail: who changed what, when, through which door, and what it was before."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.audit import Change, changed_by, changes, changes_of, event_model
from accounts.models import Action, AuthToken, User, WorkflowGrant
from accounts.tokens import create_token
from schedules.models import Schedule
from tasks import services
from tasks.models import EngineSettings, Workflow
from tests.people import Api, grant, somebody

pytestmark = pytest.mark.django_db
SCHEDULE = {
    "name": "Nightly",
    "workflow_name": "task_sync_from",
    "trigger": "cron",
    "trigger_kwargs": {"expression": "0 1 * * *"},
}


def said(change: Change) -> tuple[str, str, str, dict[str, tuple[Any, Any]]]:
    return (
        change.kind,
        change.who,
        change.door,
        {each.field: (each.before, each.after) for each in change.differences},
    )


def test_changes_through_the_api_say_who_and_what() -> None:
    sven, sara = Api(somebody("sven", "scheduler")), Api(somebody("sara", "scheduler"))
    schedule_id = sven.post("/api/schedules/", SCHEDULE).json()["id"]
    sara.patch(f"/api/schedules/{schedule_id}/", {"name": "Weekly"})
    sven.post(f"/api/schedules/{schedule_id}/pause/", {"reason": "Freeze"})
    trail = [said(change) for change in changes_of(Schedule.objects.get(pk=schedule_id))]
    assert trail[2] == ("insert", "sven", "api", {})
    assert trail[1][:3] == ("update", "sara", "api")
    assert trail[1][3]["name"] == ("Nightly", "Weekly")
    assert trail[0][:3] == ("update", "sven", "api")
    assert trail[0][3]["enabled"] == (True, False)
    assert trail[0][3]["reason of the pause"] == (None, "Freeze")


def test_the_trail_stays_when_the_schedule_goes() -> None:
    api = Api(somebody("sven", "scheduler"))
    schedule_id = api.post("/api/schedules/", SCHEDULE).json()["id"]
    api.delete(f"/api/schedules/{schedule_id}/")
    trail = changes(event_model(Schedule), pgh_obj_id=schedule_id)
    assert [(change.kind, change.who) for change in trail] == [("delete", "sven"), ("insert", "sven")]


def test_the_cursor_of_a_schedule_leaves_no_trail() -> None:
    api = Api(somebody("sven", "scheduler"))
    schedule_id = api.post("/api/schedules/", SCHEDULE).json()["id"]
    schedule = Schedule.objects.get(pk=schedule_id)
    Schedule.objects.filter(pk=schedule_id).update(next_due_at=None, version=7)
    assert len(changes_of(schedule)) == 1


def test_changes_on_pages_say_so() -> None:
    page = Client()
    page.force_login(somebody("ada", "admin"))
    page.post("/accounts/grants/task_sync_from/", {f"group_{_group('viewer')}": ["see", "start"]})
    trail = changes(event_model(WorkflowGrant), workflow_name="task_sync_from")
    assert {(change.kind, change.who, change.door) for change in trail} == {("insert", "ada", "page")}
    assert len(trail) == 2


def _group(name: str) -> int:
    from django.contrib.auth.models import Group

    return int(Group.objects.get(name=name).pk)


@pytest.mark.django_db(transaction=True)
def test_changes_by_commands_and_by_the_system_itself() -> None:
    ada = somebody("ada", "admin")
    workflow = Workflow.objects.get(name="task_sync_from")
    with changed_by(ada, door="command"):
        Workflow.objects.filter(pk=workflow.pk).update(description="By command")
    Workflow.objects.filter(pk=workflow.pk).update(description="By itself")
    trail = [said(change) for change in changes_of(workflow)][:2]
    assert trail[0] == ("update", "the system", "", {"description": ("By command", "By itself")})
    assert trail[1][:3] == ("update", "ada", "command")


def test_the_engine_lock_is_in_the_trail() -> None:
    ada = Api(somebody("ada", "admin"))
    ada.put("/api/status/", {"global_lock": False})
    ada.put("/api/status/", {"global_lock": True, "reason": "Upgrade"})
    trail = changes_of(EngineSettings.objects.get())
    assert [change.who for change in trail] == ["ada"] * len(trail)
    assert services.engine_settings().global_lock


def test_tokens_are_in_the_trail_but_not_their_use() -> None:
    user = somebody("vera", "viewer")
    api = Api(user)
    api.get("/api/status/")
    token, _ = create_token(user, name="Other")
    AuthToken.objects.filter(pk=token.pk).delete()
    events = event_model(AuthToken)
    assert [each.pgh_label for each in events._default_manager.order_by("pgh_id")] == ["insert", "insert", "delete"]
    assert "digest" not in {field.name for field in events._meta.fields}


def test_accounts_and_memberships_are_in_the_trail_without_passwords() -> None:
    page = Client()
    page.force_login(somebody("ada", "admin"))
    form = {"username": "nina", "is_active": "on", "groups": [_group("viewer")], "password": "correct horse battery"}
    assert page.post("/accounts/people/new/", form).status_code == 302
    nina = User.objects.get(username="nina")
    assert nina.check_password("correct horse battery")
    assert [said(change)[:3] for change in changes_of(nina)] == [("insert", "ada", "page")]
    assert "password" not in {field.name for field in event_model(User)._meta.fields}


def test_a_grant_names_group_and_action() -> None:
    grant("task_sync_from", "netops", Action.START)
    row = event_model(WorkflowGrant)._default_manager.get()
    assert (row.workflow_name, row.action) == ("task_sync_from", "start")  # type: ignore[attr-defined]


def test_a_request_that_only_reads_opens_no_context(django_assert_num_queries: Any) -> None:
    import pghistory.runtime

    seen: list[bool] = []

    class Spy:
        def __call__(self, execute: Any, *arguments: Any) -> Any:
            seen.append(hasattr(pghistory.runtime._tracker, "value"))
            return execute(*arguments)

    from django.db import connection

    api = Api(somebody("vera", "viewer"))
    with connection.execute_wrapper(Spy()):
        api.get("/api/processes/")
    assert seen
    assert not any(seen)
