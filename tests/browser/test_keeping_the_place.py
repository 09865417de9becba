"""With the keyboard: what was done leaves the focus where it was, and is read out. Errors are not swallowed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from schedules.models import Schedule
from tasks.models import Process, ProcessStatus
from tests.pages import TASK, made

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.system import System


@pytest.fixture
def open_page(system: System, page: Page) -> Page:
    """A page of somebody who may do everything."""
    system.web()
    system.log_in(page, User.objects.create_superuser("noc-operator"))
    return page


def test_what_is_done_by_keyboard_keeps_the_focus(system: System, open_page: Page) -> None:
    page = open_page
    failed = made("failed", failed_reason="gone")
    schedule = Schedule.objects.create(
        name="At night", workflow=failed.workflow, system=True, trigger="cron",
        trigger_kwargs={"expression": "0 1 * * *"}, next_due_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip
    # A choice that is a link.
    page.goto(f"{system.url}/processes/")
    page.locator("#group-failed").press("Enter")
    expect(page.locator("#group-failed")).to_have_attribute("aria-current", "true")
    expect(page.locator("#group-failed")).to_be_focused()
    # Something done with many, from a button without an id; a question is left by Escape.
    page.locator("[popovertarget=confirm-abort]").first.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#process-list [popovertarget=confirm-abort]").first).to_be_focused()
    page.locator("button[value=retry]").press("Enter")
    expect(page.locator("#notes .note")).to_be_visible()
    expect(page.locator("button[value=retry]")).to_be_focused()
    expect(page.locator("#announcer")).not_to_be_empty()
    page.locator("#notes .close").press("Enter")
    expect(page.locator("#notes .note")).to_have_count(0)
    expect(page.locator("#main")).to_be_focused()
    # A form that changes its own words.
    page.goto(f"{system.url}/schedules/{schedule.pk}/")
    page.get_by_role("button", name="Skip next").press("Enter")
    expect(page.get_by_role("button", name="Do not skip")).to_be_focused()
    # Another page is begun at its top.
    page.get_by_role("link", name="Edit").press("Enter")
    page.wait_for_url("**/edit/")
    expect(page.locator("#main :focus")).to_have_count(0)


def test_a_swap_that_fails_says_why_and_leaves_the_page(system: System, open_page: Page) -> None:
    page = open_page
    page.goto(f"{system.url}/tasks/")
    page.context.clear_cookies(name="csrftoken")
    button = page.locator(f"#task-{TASK}").get_by_role("button", name="Run now")
    button.press("Enter")
    expect(page.locator("#notes")).to_contain_text("This form is too old.")
    expect(page.locator("#notes")).to_contain_text("Request")
    expect(button).to_be_focused()
    assert not Process.objects.exists()
    page.route("**/tasks/*/run/", lambda route: route.abort())
    button.press("Enter")
    expect(page.locator("#notes")).to_contain_text("The server cannot be reached.")
    page.errors.clear()  # type: ignore[attr-defined]  # the browser's own words for both


def test_a_page_that_is_open_when_the_session_ends_offers_the_login_and_rests(system: System, open_page: Page) -> None:
    page = open_page
    process = made("suspended")
    page.goto(f"{system.url}/processes/{process.pk}/")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    Session.objects.all().delete()
    Process.objects.filter(pk=process.pk).update(status=ProcessStatus.ABORTED)
    note = page.locator("#notes .note")
    expect(note).to_contain_text("You are logged out.")
    expect(note.get_by_role("link", name="Log in")).to_have_attribute(
        "href", f"/accounts/login/?next=%2Fprocesses%2F{process.pk}%2F"
    )
    expect(page.locator("[data-live]")).to_have_count(0)
    expect(page.get_by_label("Username")).to_have_count(0)
    page.errors.clear()  # type: ignore[attr-defined]  # what was refused
