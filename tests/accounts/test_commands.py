"""Commands of operators name themselves and who ran them, on the page of what they changed."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.audit import Change, account, changes, changes_of, event_model
from accounts.models import AuthToken, User
from schedules.models import Schedule
from schedules.services import create_schedule
from tasks.models import Process
from tests.people import Api, somebody

pytestmark = pytest.mark.django_db
runs = pytest.mark.django_db(transaction=True)
TRIGGER: Any = {"trigger": "cron", "trigger_kwargs": {"expression": "0 1 * * *"}}


def said(change: Change) -> tuple[str, str, str]:
    return change.kind, change.who, change.door_label


def test_a_process_says_under_which_account_it_was_started(client: Client) -> None:
    call_command("starttask", "succeeding")
    process = Process.objects.get()
    assert (process.created_by, process.origin, process.started_as) == (None, "command", account())
    client.force_login(somebody("vera", "viewer"))
    for address in (f"/processes/{process.pk}/", "/processes/", "/tasks/succeeding/"):
        assert account() in client.get(address).content.decode(), address
    assert Api(somebody("nina", "viewer")).get(f"/api/processes/{process.pk}/").json()["started_as"] == account()


def test_a_refused_start_leaves_nothing() -> None:
    with pytest.raises(Exception, match="nothing"):
        call_command("starttask", "nothing")
    assert not Process.objects.exists()


@runs
def test_a_forced_schedule_says_who_forced_it(client: Client) -> None:
    schedule = create_schedule(name="n", workflow_name="counting", user=somebody("sven", "scheduler"), **TRIGGER)
    call_command("scheduler", "force", str(schedule.pk))
    assert said(changes_of(schedule)[0]) == ("run", account(), "by the command scheduler")
    client.force_login(somebody("vera", "viewer"))
    page = client.get(f"/schedules/{schedule.pk}/").content.decode()
    assert "Run by hand" in page
    assert account() in page


def test_running_a_function_by_hand_says_who_asked() -> None:
    schedule = Schedule.objects.create(name="f", job_id="f", function="f", trigger="cron", system=True)
    api = Api(somebody("sven", "scheduler"))
    assert api.post(f"/api/schedules/{schedule.pk}/run/").status_code == 200
    latest = api.get(f"/api/schedules/{schedule.pk}/history/").json()["results"][0]
    assert (latest["kind"], latest["who"], latest["door"]) == ("run", "sven", "api")


def test_accounts_and_tokens_made_by_command_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("createsuperuser", "--noinput", "--username", "root", "--email", "")
    assert said(changes_of(User.objects.get(username="root"))[0]) == (
        "insert",
        account(),
        "by the command createsuperuser",
    )
    call_command("createtoken", "root", "--name", "Backup")
    token = changes(event_model(AuthToken))[0]
    assert said(token) == ("insert", account(), "by the command createtoken")
    assert capsys.readouterr().out.splitlines()[-1]
