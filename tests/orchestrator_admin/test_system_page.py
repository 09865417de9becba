"""The System page: the engine's lock, and who changed what."""

from __future__ import annotations

import pytest
from django.test import Client

from tasks.models import (
    EngineSettings,
    Workflow,
)
from tests.pages import TASK, text_of

pytestmark = pytest.mark.django_db


def test_the_engine_is_locked_by_administrators_only(staff: Client, browser: Client) -> None:
    assert "Only administrators" in text_of(browser.get("/system/"))
    browser.post("/system/lock/", {"lock": "on", "reason": "mischief"})
    assert not EngineSettings.objects.filter(global_lock=True).exists()
    staff.post("/system/lock/", {"lock": "on", "reason": "Maintenance"})
    assert "Maintenance" in text_of(staff.get("/system/"))
    staff.post("/system/lock/", {"lock": "off"})
    assert not EngineSettings.objects.filter(global_lock=True).exists()


def test_changes_of_the_engine_and_of_a_task_are_shown_to_those_who_may_make_them(
    staff: Client, browser: Client
) -> None:
    staff.post("/system/lock/", {"lock": "on", "reason": "Fibre cut"})
    staff.post("/system/lock/", {"lock": "off"})
    shown = text_of(staff.get("/system/")).split("History")[1]
    assert shown.count("ada on a page") == 2
    assert "Reason: Fibre cut →" in shown
    assert "History" not in text_of(browser.get("/system/"))
    Workflow.objects.filter(name=TASK).update(description="Of this night")
    assert "History" in text_of(staff.get(f"/tasks/{TASK}/"))
    assert "History" not in text_of(browser.get(f"/tasks/{TASK}/"))
