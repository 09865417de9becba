"""The main job in a real browser: log in, run a task, watch its steps; by mouse, by keys alone, without scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from accounts.models import User
from tasks.models import Process
from tests.people import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.system import System

STEPS = ["Start", "NSO calls", "Done"]


@pytest.fixture
def operator(system: System) -> User:
    return User.objects.create_superuser("noc-operator", password=PASSWORD)


@pytest.fixture
def running(system: System, operator: User) -> System:
    """Web and worker, and somebody who can log in."""
    system.web()
    system.worker()
    return system


def log_in(page: Page, system: System) -> None:
    page.goto(system.url)
    page.get_by_label("Username").fill("noc-operator")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name="Tasks", exact=True)).to_be_visible()


def test_a_task_is_run_from_the_list_and_its_steps_appear_one_after_the_other(running: System, page: Page) -> None:
    log_in(page, running)
    page.get_by_role("link", name="Tasks", exact=True).click()
    page.get_by_role("row", name="Nightly sync").get_by_role("button", name="Run now", exact=True).click()
    shown = page.locator("#started article")
    expect(shown).to_contain_text("Nightly sync")
    opened_at = page.evaluate("performance.timeOrigin")
    row = shown.get_by_role("row", name="NSO calls")
    expect(row).to_contain_text("Running")
    expect(shown.get_by_role("row", name="Done")).to_contain_text("To come")
    expect(shown.get_by_role("row", name="Done")).to_contain_text("Complete")
    assert page.evaluate("performance.timeOrigin") == opened_at  # no reload
    expect(page.get_by_role("row", name="Nightly sync").first).to_contain_text("Completed")
    shown.get_by_role("link", name="Nightly sync").click()
    expect(page).to_have_url(re.compile(r"/processes/[0-9a-f-]{36}/$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Nightly sync")


def test_a_process_page_follows_its_process_and_stops_at_the_end(running: System, page: Page) -> None:
    log_in(page, running)
    page.goto(f"{running.url}/tasks/task_sync_from/")
    page.get_by_role("button", name="Run now").click()
    expect(page).to_have_url(re.compile(r"/processes/[0-9a-f-]{36}/$"))
    expect(page.locator("#live")).to_have_text("Live")
    for step in STEPS:
        expect(page.get_by_role("row", name=step)).not_to_contain_text("To come")
    expect(page.locator(".facts").first).to_contain_text("Completed")
    expect(page.locator("#live")).to_be_hidden()
    expect(page.locator("#announcer")).to_contain_text("Completed")
    page.get_by_role("link", name="NSO calls").click()
    expect(page.locator("#log")).to_contain_text("Start NSO calls")


def test_the_main_job_needs_no_mouse(running: System, page: Page) -> None:
    page.goto(running.url)
    tab_to(page, "[name=login]")
    page.keyboard.type("noc-operator")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Tasks", exact=True)).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("t")
    expect(page).to_have_url(re.compile("/tasks/$"))
    tab_to(page, "#run-task_sync_from")
    page.keyboard.press("Enter")
    expect(page.locator("#started article")).to_contain_text("Completed")
    tab_to(page, "#started article a")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/processes/"))
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("workflows")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/workflows/$"))


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus, which has to be visible on the way."""
    for _ in range(400):  # what lacks a part comes first, and of the tests' workflows all do
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"The focus of {selector} cannot be seen."
            return
    raise AssertionError(f"Tab does not reach {selector}.")


def test_the_focus_stays_where_it_was_when_the_list_is_fetched_again(running: System, page: Page) -> None:
    log_in(page, running)
    page.goto(f"{running.url}/tasks/")
    button = page.locator("#run-task_sync_from")
    button.press("Enter")
    expect(page.locator("#task-task_sync_from")).to_contain_text("Completed")
    expect(button).to_be_focused()


@pytest.fixture
def plain_page(chromium: Browser) -> Iterator[Page]:
    """A browser that runs no scripts."""
    with chromium.new_context(java_script_enabled=False, locale="en-GB") as context:
        yield context.new_page()


def test_the_main_job_works_without_scripts(running: System, plain_page: Page) -> None:
    page = plain_page
    log_in(page, running)
    page.get_by_role("link", name="Tasks", exact=True).click()
    page.get_by_role("row", name="Nightly sync").get_by_role("button", name="Run now", exact=True).click()
    expect(page).to_have_url(re.compile(r"/processes/[0-9a-f-]{36}/$"))
    process = Process.objects.get()
    running.wait_for(lambda: Process.objects.filter(pk=process.pk, status="completed").exists())
    # What a step logs is written behind its result, once a second.
    running.wait_for(lambda: process.logs.filter(message__contains="finished").exists())
    page.reload()
    expect(page.locator(".facts").first).to_contain_text("Completed")
    page.get_by_role("link", name="NSO calls").click()
    expect(page.locator("#log")).to_contain_text("NSO calls finished")
    page.get_by_role("button", name="Start again").click()
    expect(page).not_to_have_url(re.compile(str(process.pk)))
    page.get_by_text("noc-operator", exact=True).first.click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
