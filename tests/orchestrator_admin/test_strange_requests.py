"""Addresses and forms that no page of ours makes: too much, too long, forged. None is a defect."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from schedules.services import create_schedule
from tasks import services
from tasks.models import Process
from tests.people import somebody

pytestmark = pytest.mark.django_db


@pytest.fixture
def scheduler() -> User:
    return somebody("susan", "scheduler")


@pytest.fixture
def browser(client: Client, scheduler: User) -> Client:
    client.force_login(scheduler)
    return client


def forged(place: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


@pytest.mark.parametrize("page", ["/processes/", "/processes/export/"])
def test_very_many_words_narrow_a_list_as_the_first_fifty_do(browser: Client, page: str) -> None:
    note = " ".join(f"word{number}" for number in range(50))
    ids = [services.start_process("counting", []) for _ in range(2)]
    Process.objects.filter(pk=ids[0]).update(note=note)
    answer = browser.get(page, {"text": " ".join(f"word{number}" for number in range(5000))})
    assert answer.status_code == 200
    content = (b"".join(answer) if answer.streaming else answer.content).decode()
    assert str(ids[0]) in content
    assert str(ids[1]) not in content


@pytest.mark.parametrize("key", ["x", "\ud800", "1" * 5000, 7])
def test_a_forged_place_in_a_list_of_processes_is_the_first_page(browser: Client, key: Any) -> None:
    process_id = services.start_process("counting", [])
    answer = browser.get("/processes/", {"after": forged(["2020-01-01T00:00:00+00:00", key])})
    assert answer.status_code == 200
    assert str(process_id) in answer.content.decode()


@pytest.mark.parametrize("place", [["\ud800", "x"], ["a\0", "x"], ["a", "x"], ["a"], 1, [1, 2]])
def test_a_forged_place_in_a_list_of_schedules_is_the_first_page(browser: Client, scheduler: User, place: Any) -> None:
    cron: Any = {"trigger": "cron", "trigger_kwargs": {"expression": "0 1 * * *"}}
    create_schedule(name="nightly", workflow_name="counting", user=scheduler, **cron)
    answer = browser.get("/schedules/", {"after": json.dumps(place)})
    assert answer.status_code == 200
    assert "nightly" in answer.content.decode()


@pytest.mark.parametrize("number", ["²", "٣", "9" * 5000, "-1", ""])
def test_numbers_in_hidden_fields_may_be_anything(browser: Client, scheduler: User, number: str) -> None:
    cron: Any = {"trigger": "cron", "trigger_kwargs": {"expression": "0 1 * * *"}}
    schedule = create_schedule(name="nightly", workflow_name="counting", user=scheduler, **cron)
    asked = {"add_leg": "1", "legs-TOTAL_FORMS": number, "version": number, "name": "n"}
    assert browser.post("/schedules/new/", asked).status_code == 200
    del asked["add_leg"]
    assert browser.post(f"/schedules/{schedule.pk}/edit/", asked).status_code in {200, 302}
    assert browser.post("/seen/", {"up_to": number}).status_code == 302


@pytest.mark.parametrize("selected", ["z" * 36, "", "\0" * 36])
def test_what_is_no_id_is_not_chosen(browser: Client, selected: str) -> None:
    for page in ("/schedules/bulk/", "/processes/bulk/"):
        answer = browser.post(page, {"action": "pause", "selected": selected}, follow=True)
        assert answer.status_code == 200


def test_a_reason_for_many_pauses_may_hold_the_character_nul(browser: Client, scheduler: User) -> None:
    cron: Any = {"trigger": "cron", "trigger_kwargs": {"expression": "0 1 * * *"}}
    schedule = create_schedule(name="nightly", workflow_name="counting", user=scheduler, **cron)
    browser.post("/schedules/bulk/", {"action": "pause", "selected": schedule.pk, "reason": "a\0b"})
    schedule.refresh_from_db()
    assert (schedule.enabled, schedule.paused_reason) == (False, "ab")
