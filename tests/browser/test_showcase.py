"""The showcase in a real browser: pages with errors, approval, failure and retry, callback; no secret anywhere."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from accounts.models import User
from tasks.models import Process
from tests.people import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.system import System

SECRET = "s3cret-of-the-showcase"


@pytest.fixture
def running(system: System, page: Page) -> System:
    """Web and worker, with somebody logged in."""
    system.web()
    system.worker()
    User.objects.create_superuser("noc-operator", password=PASSWORD)
    page.goto(system.url)
    page.get_by_label("Username").fill("noc-operator")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name="Tasks", exact=True)).to_be_visible()
    return system


def test_the_showcase_is_walked_from_its_first_page_to_its_end(running: System, page: Page) -> None:
    page.goto(f"{running.url}/tasks/task_showcase/")
    run = page.locator("#run")
    send = run.get_by_role("button", name="Next", exact=True)

    # First page: errors stand at their fields, what was typed stays.
    page.get_by_label("Name", exact=True).fill("node 7")
    page.get_by_label("VLAN").fill("4000")
    page.get_by_label("AS number").fill("64496")
    page.get_by_label("Password").fill(SECRET)
    send.click()
    expect(run).to_contain_text("Enter a valid value.")
    expect(page.get_by_label("AS number")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("VLAN")).to_have_value("4000")
    assert SECRET not in page.content()
    assert "422" in page.errors.pop()  # type: ignore[attr-defined]  # what a refused form answers with
    page.get_by_label("AS number").fill("AS64496")
    page.get_by_label("Password").fill(SECRET)
    send.click()

    # Second page, and the third that it asks for.
    expect(run).to_contain_text("page 2")
    page.get_by_label("Site", exact=True).select_option("Utrecht")
    page.get_by_label("400G").check()
    page.get_by_label("edge2").check()
    page.get_by_label("Notify the customer").check()
    page.get_by_label("Fail once").check()
    page.get_by_label("Choose dates and times, too").check()
    assert SECRET not in page.content()
    send.click()
    expect(run).to_contain_text("page 3")
    page.get_by_label("Day", exact=True).fill("2027-02-28")
    send.click()
    expect(page.get_by_label("What")).to_have_value("node 7: 400G")
    expect(page.get_by_label("What")).to_be_disabled()
    run.get_by_role("button", name="Back").click()
    expect(page.get_by_label("Day", exact=True)).to_have_value("2027-02-28")
    send.click()
    page.get_by_label("This is right").check()
    run.get_by_role("button", name="Run now").click()

    # The process waits for an approval; without it nothing moves.
    expect(page).to_have_url(re.compile(r"/processes/[0-9a-f-]{36}/$"))
    resume = page.locator("#resume")
    expect(resume).to_contain_text("Approve the change")
    resume.get_by_label("The window is approved").check()
    resume.get_by_label("Remark").fill("as agreed")
    resume.get_by_role("button", name="Resume").click()

    # One device fails; the retry does again only what failed.
    facts = page.locator(".facts").first
    expect(facts).to_contain_text("API unavailable")
    expect(page.locator("main")).to_contain_text("core1 does not answer")
    page.get_by_role("button", name="Retry").click()
    expect(facts).to_contain_text("Awaiting callback")

    # The other system calls back.
    process = Process.objects.get()
    route = f"{running.url}/api/processes/{process.pk}/callback/{process.callback_token}/"
    result = json.dumps({"outcome": "passed"}).encode()
    request = urllib.request.Request(route, result, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
    expect(facts).to_contain_text("Completed")
    for step in ("Prepare", "Configure devices", "Notify the customer", "Test", "Done"):
        expect(page.get_by_role("row", name=step).first).not_to_contain_text("To come")
    state = process.steps.filter(parent=None).last().state
    assert (state["day"], state["speed"], state["site"]) == ("2027-02-28", 400, "utr")
    assert state["devices"] == ["core1", "edge1", "edge2"]

    # The secret is on none of the pages, and in no output.
    for address in (page.url, f"{page.url}?step=1", f"{running.url}/processes/"):
        page.goto(address)
        assert SECRET not in page.content()
    assert all(SECRET not in started.output for started in running.processes)
