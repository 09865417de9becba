"""The form of a task on its page: pages that are turned, secrets that stay secret, nothing that starts unasked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orchestrator.workflows import LazyWorkflowInstance
from tasks import registry
from tasks.models import (
    Process,
    Workflow,
)
from tests.pages import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages_task() -> Iterator[str]:
    """A task with two pages of inputs and a secret."""
    LazyWorkflowInstance("tests.schedules.workflows", "task_with_pages")
    Workflow.objects.create(name="task_with_pages", target="SYSTEM")
    yield "task_with_pages"
    registry._registry.workflows.pop("task_with_pages")


def test_a_task_with_a_form_asks_first_and_starts_after_the_last_page(browser: Client, pages_task: str) -> None:
    address = f"/tasks/{pages_task}/"
    page = browser.get(f"{address}?site=lon").content.decode()
    assert '<option value="lon" selected>' in page
    wrong = browser.post(address, {"answered-pages": "[]", "site": "nowhere"})
    assert wrong.status_code == 422
    assert "nowhere is not one of the available choices" in text_of(wrong)
    second = browser.post(address, {"answered-pages": "[]", "site": "lon", "password": "hush hush"})
    assert 'value="lon-core-01"' in second.content.decode()
    assert "hush" not in second.content.decode()  # it travels encrypted
    answered = unescape(re.search(r'name="answered-pages" value="([^"]*)"', second.content.decode())[1])  # type: ignore[index]
    assert not Process.objects.exists()
    started = browser.post(address, {"answered-pages": answered, "router": "lon-core-02"})
    process = Process.objects.get()
    assert started["Location"] == reverse("tasks:process", args=[process.pk])
    shown = text_of(browser.get(started["Location"]))
    assert "lon-core-02" in shown
    assert "hush" not in shown
    again = browser.get(f"{address}?again={process.pk}").content.decode()
    assert '<option value="lon" selected>' in again


def test_pages_of_a_form_are_turned_forth_and_back(browser: Client, pages_task: str) -> None:
    address = f"/tasks/{pages_task}/"
    first = browser.get(address)
    assert "page 1" in text_of(first)
    assert buttons_of(first) == ["Next"]
    given = {"site": "lon", "password": "hush hush", "turn-page": "next"}
    second = browser.post(address, {"answered-pages": "[]", **given})
    assert "page 2" in text_of(second)
    assert buttons_of(second) == ["Run now", "Back"]
    back = browser.post(address, {"answered-pages": answered_in(second), "router": "", "turn-page": "back"})
    assert buttons_of(back) == ["Next"]
    assert '<option value="lon" selected>' in back.content.decode()
    assert "hush" not in back.content.decode()
    assert answered_in(back) == "[]"
    assert not Process.objects.exists()


def test_next_never_starts_even_where_no_page_follows(browser: Client, pages_task: str) -> None:
    address = f"/tasks/{pages_task}/"
    second = browser.post(address, {"answered-pages": "[]", "site": "lon", "password": "hush hush"})
    given = {"answered-pages": answered_in(second), "router": "lon-core-02", "turn-page": "next"}
    review = browser.post(address, given)
    assert "Everything is answered." in text_of(review)
    assert buttons_of(review) == ["Run now", "Back"]
    assert not Process.objects.exists()
    browser.post(address, {"answered-pages": answered_in(review)})
    assert Process.objects.get().workflow.name == pages_task


def answered_in(page: Any) -> str:
    return unescape(re.search(r'name="answered-pages" value="([^"]*)"', page.content.decode())[1])  # type: ignore[index]


def buttons_of(page: Any) -> list[str]:
    """The buttons of the form that starts the task, in order."""
    form = page.content.decode().split('id="run"')[1].split("</form>")[0]
    return re.findall(r"<button[^>]*>([^<]+)</button>", form)
