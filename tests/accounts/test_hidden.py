"""What grants hide from somebody shows nowhere: not beside what they see, and not in a refusal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Action, User
from orchestrator_admin.live import _allowed
from schedules.models import Occurrence, Outcome, Schedule, TriggerKind
from schedules.services import create_schedule, edit_schedule
from tasks import services
from tasks.models import Process, StepLog
from tests.people import Api, grant, somebody

pytestmark = pytest.mark.django_db
HIDDEN = "succeeding"
TRIGGER: Any = {"trigger": "cron", "trigger_kwargs": {"expression": "0 1 * * *"}}


@pytest.fixture
def scheduler() -> User:
    """Somebody who may schedule everything but the hidden workflow."""
    grant(HIDDEN, "netops", Action.SCHEDULE)
    return somebody("susan", "scheduler")


@pytest.fixture
def browser(client: Client, scheduler: User) -> Client:
    client.force_login(scheduler)
    return client


@pytest.fixture
def function() -> Schedule:
    """A function declared in code, which names the hidden workflow and another one."""
    return Schedule.objects.create(
        name="a function of code", job_id="f", function="f", trigger=TriggerKind.CRON, system=True,
        trigger_kwargs={"expression": "0 1 * * *"}, starts=[HIDDEN, "counting"],
        next_due_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip


def hidden_process(**fields: object) -> UUID:
    process_id = services.start_process(HIDDEN, [])
    Process.objects.filter(pk=process_id).update(**fields)
    return process_id


def test_a_list_narrowed_to_a_hidden_schedule_does_not_name_it(browser: Client) -> None:
    schedule = create_schedule(name="needle", workflow_name=HIDDEN, user=None, **TRIGGER)
    seen = create_schedule(name="thread", workflow_name="counting", user=None, **TRIGGER)
    address = "/processes/?schedule_id={}"
    assert "needle" not in browser.get(address.format(schedule.pk)).content.decode()
    assert "thread" in browser.get(address.format(seen.pk)).content.decode()


@pytest.mark.parametrize("action", ["retry", "abort", "delete"])
def test_a_bulk_action_on_a_hidden_process_does_not_tell_that_it_exists(browser: Client, action: str) -> None:
    process_id = hidden_process()
    answer = browser.post("/processes/bulk/", {"action": action, "selected": process_id}, follow=True)
    assert HIDDEN not in answer.content.decode()
    assert "Select at least one process first." in answer.content.decode()


def test_the_ledger_of_a_function_shows_only_the_processes_that_the_viewer_sees(
    browser: Client, scheduler: User, function: Schedule
) -> None:
    now = timezone.now()
    due = Occurrence.objects.create(schedule=function, scheduled_at=now, fired_at=now, outcome=Outcome.STARTED)
    hidden = str(hidden_process(occurrence_id=due.pk))
    seen = services.start_process("counting", [])
    Process.objects.filter(pk=seen).update(occurrence_id=due.pk)
    page = browser.get(f"/schedules/{function.pk}/").content.decode()
    assert str(seen) in page
    assert hidden not in page
    [told] = Api(scheduler).get(f"/api/schedules/{function.pk}/occurrences/").json()["results"]
    assert told["process_ids"] == [str(seen)]


def test_a_process_of_a_function_does_not_name_it_to_somebody_with_a_grant_only(
    client: Client, function: Schedule
) -> None:
    grant(HIDDEN, "netops", Action.SCHEDULE)
    process_id = hidden_process(schedule_id=function.pk)
    for person, named in ((somebody("greta", "netops"), False), (somebody("amy", "admin"), True)):
        client.force_login(person)
        for address in (f"/processes/{process_id}/", f"/workflows/{HIDDEN}/"):
            page = client.get(address, follow=True)
            assert page.status_code == 200
            assert (function.name in page.content.decode()) is named


def test_the_route_of_a_callback_is_shown_to_those_who_may_act_and_to_nobody_who_only_looks(client: Client) -> None:
    process_id = services.start_process("called_back", [])
    services.run_inline(process_id)
    token = Process.objects.get(pk=process_id).callback_token
    StepLog.objects.create(
        process_id=process_id, position=1, at=timezone.now(), level="info",
        message=f"to be posted to /api/processes/{process_id}/callback/{token}/",
    )  # fmt: skip
    assert token
    for role, shown in (("viewer", False), ("operator", True)):
        person = somebody(role, role)
        client.force_login(person)
        api = Api(person)
        pages = [client.get(f"/processes/{process_id}/")]
        pages += [api.get(f"/api/processes/{process_id}/"), api.get(f"/api/processes/{process_id}/logs/")]
        for page in pages:
            assert page.status_code == 200
            assert (token in page.content.decode()) is shown
            assert "/callback/" in page.content.decode()


def test_live_events_tell_only_of_what_somebody_sees(scheduler: User) -> None:
    hidden = create_schedule(name="needle", workflow_name=HIDDEN, user=None, **TRIGGER)
    seen = create_schedule(name="thread", workflow_name="counting", user=None, **TRIGGER)
    process = services.start_process("counting", [])
    asked = ["processes", f"schedule:{hidden.pk}", f"schedule:{seen.pk}", f"process:{hidden_process()}",
             f"process:{process}", "schedule:x", "process:", "other"]  # fmt: skip
    assert set(_allowed(scheduler, asked)) == {"processes", f"schedule:{seen.pk}", f"process:{process}"}


def test_the_trail_of_a_schedule_does_not_tell_what_it_started_while_that_was_hidden(
    client: Client, scheduler: User
) -> None:
    schedule = create_schedule(name="thread", workflow_name=HIDDEN, user=None, **TRIGGER)
    edit_schedule(schedule.pk, {"name": "needle"}, user=None)
    edit_schedule(schedule.pk, {"workflow_name": "counting", "name": "n"}, user=None)
    edit_schedule(schedule.pk, {"tags": ["later"]}, user=None)
    for person, told in ((scheduler, False), (somebody("amy", "admin"), True)):
        client.force_login(person)
        api = f"/api/schedules/{schedule.pk}/history/"
        for answer in (client.get(f"/schedules/{schedule.pk}/"), Api(person).get(api)):
            shown = answer.content.decode()
            assert "later" in shown
            assert ("needle" in shown) is told
            assert (HIDDEN in shown) is told
