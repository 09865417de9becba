"""The Tasks tab and a task's page: the list, what is missing, "Run now"."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from schedules.models import Occurrence, Schedule
from tasks.models import (
    EngineSettings,
    Process,
    Workflow,
)
from tests.pages import HTMX, TASK, made, queries, text_of
from tests.people import somebody

pytestmark = pytest.mark.django_db


def test_the_list_shows_each_task_with_its_last_run_and_its_last_ten(browser: Client) -> None:
    for minutes in range(15, 1, -1):
        made("failed" if minutes == 4 else "completed", minutes_ago=minutes)
    page = browser.get("/tasks/")
    assert "Nightly sync" in text_of(page)
    assert "Completed" in text_of(page)
    row = re.search(rf'<tr id="task-{TASK}">.*?</tr>', page.content.decode(), re.S)
    assert row is not None
    assert re.findall(r'title="(Completed|Failed), ', row[0]) == ["Completed"] * 7 + ["Failed"] + ["Completed"] * 2
    assert f'href="/processes/?workflow_name={TASK}"' in row[0]
    assert row[0].count("s-bad") == 2  # the run and its mark
    assert f'href="/processes/{Process.objects.latest("started_at").pk}/"' in row[0]
    assert "usually 5 s" in text_of(page)


def test_the_list_is_narrowed_by_words_and_by_what_happened_last(browser: Client) -> None:
    made("failed")
    assert "Nightly sync" in text_of(browser.get("/tasks/?show=failed"))
    assert "Nightly sync" not in text_of(browser.get("/tasks/?show=running", headers=HTMX))
    assert "Nightly sync" in text_of(browser.get("/tasks/?q=NIGHT%20nso", headers=HTMX))
    assert "No task fits" in text_of(browser.get("/tasks/?q=elephant", headers=HTMX))


@pytest.mark.parametrize(("status", "count"), [("created", 1), ("running", 1), ("suspended", 0), ("waiting", 0)])
def test_what_waits_for_somebody_does_not_count_as_running(browser: Client, status: str, count: int) -> None:
    made(status)
    assert f"Running {count}" in text_of(browser.get("/tasks/", headers=HTMX))


def test_run_now_starts_the_task_and_shows_its_process(browser: Client, operator: User) -> None:
    response = browser.post(f"/tasks/{TASK}/run/")
    process = Process.objects.get()
    assert response["Location"] == reverse("tasks:process", args=[process.pk])
    assert (process.workflow.name, process.created_by, process.origin) == (TASK, operator, "page")


def test_run_now_in_place_answers_with_the_steps_and_a_link(browser: Client) -> None:
    response = browser.post(f"/tasks/{TASK}/run/", headers=HTMX)
    process = Process.objects.get()
    assert response.status_code == 201
    assert f'href="/processes/{process.pk}/"' in response.content.decode()
    assert f'data-live="process:{process.pk}"' in response.content.decode()
    assert "NSO calls" in text_of(response)


def test_what_cannot_be_started_says_why_on_the_disabled_button(client: Client) -> None:
    client.force_login(somebody("vera", "viewer"))
    page = client.get("/tasks/").content.decode()
    button = re.search(rf'<button[^>]*id="run-{TASK}"[^>]*>', page)
    assert button is not None
    assert 'aria-disabled="true"' in button[0]
    assert "role “operator”" in unescape(button[0])
    refused = client.post(f"/tasks/{TASK}/run/", headers=HTMX)
    assert refused.status_code == 409
    assert not Process.objects.exists()


def test_while_the_engine_is_locked_nothing_starts_and_every_page_says_so(browser: Client) -> None:
    EngineSettings.objects.update_or_create(pk=1, defaults={"global_lock": True, "reason": "Fibre cut in Utrecht"})
    refused = browser.post(f"/tasks/{TASK}/run/", follow=True)
    assert "Fibre cut in Utrecht" in text_of(refused)
    assert not Process.objects.exists()
    assert "The engine is locked." in text_of(browser.get("/workflows/"))
    for address in ("/tasks/", f"/tasks/{TASK}/"):
        buttons = re.findall(r"<button([^>]*)>Run now", browser.get(address).content.decode())
        assert buttons
        assert all('aria-disabled="true"' in button for button in buttons)


def test_only_staff_sees_which_part_of_a_task_is_missing(staff: Client, browser: Client) -> None:
    Workflow.objects.create(name="task_without_code", target="SYSTEM")
    page = text_of(staff.get("/tasks/"))
    assert "Needs attention" in page
    assert "task_without_code" in page
    assert "Needs attention" not in text_of(browser.get("/tasks/"))


def test_a_task_whose_schedules_started_nothing_says_so_instead_of_never(browser: Client) -> None:
    schedule = Schedule.objects.create(
        name="At night", function="netops.schedules.at_night", starts=[TASK], job_id="at-night", system=True,
        trigger="cron", trigger_kwargs={"expression": "0 1 * * *"},
    )  # fmt: skip
    page = text_of(browser.get(f"/tasks/{TASK}/"))
    assert "It has never run." in page
    now = timezone.now()
    for hours, detail in ((2, "It was too early."), (1, "It ran, and started nothing.")):
        at = now - timedelta(hours=hours)
        Occurrence.objects.create(schedule=schedule, scheduled_at=at, fired_at=at, outcome="started", detail=detail)
    page = text_of(browser.get(f"/tasks/{TASK}/"))
    assert "It has never run." not in page
    assert "There is no process of it yet." in page
    assert "It ran, and started nothing." in page
    assert "It was too early." not in page


def test_a_task_that_a_function_has_looked_at_and_not_started_says_so(browser: Client) -> None:
    Workflow.objects.get_or_create(name=TASK, defaults={"target": "SYSTEM"})
    at = timezone.now()
    schedule = Schedule.objects.create(
        name="At night", function="netops.schedules.at_night", starts=[TASK], job_id="at-night", system=True,
        trigger="cron", trigger_kwargs={"hour": 1}, next_due_at=at + timedelta(hours=1),
    )  # fmt: skip
    few = queries(browser, "/tasks/")
    assert "nothing to do" not in text_of(browser.get("/tasks/"))
    Occurrence.objects.create(schedule=schedule, scheduled_at=at, fired_at=at, outcome="started", detail="Nothing.")
    assert re.search(r"Looked [^:]*\d\d:\d\d *: nothing to do", text_of(browser.get("/tasks/")))
    assert queries(browser, "/tasks/") == few
    made()
    assert "nothing to do" not in text_of(browser.get("/tasks/"))
