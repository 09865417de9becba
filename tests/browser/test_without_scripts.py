"""The pages in a browser that runs no scripts: nothing on them needs any, and what operators do can be done."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from tasks.models import Process, ProcessStatus, Workflow
from tests.browser.test_every_page import addresses, admin  # noqa: F401  fixtures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.system import System

# A button that is no form's, opens no dialog and does not say why it is not available would do nothing; and what htmx
# sends has to be sent by the element itself as well. A region that htmx only fetches again needs no replacement.
SAMPLES = "/system/design/"
USELESS = """() => [...document.querySelectorAll("main button, main [hx-get], main [hx-post], header button")]
  .filter(item => item.checkVisibility())
  .filter(item => !item.closest("[data-live], #previewing, #system") || item.matches("button"))
  .filter(item => !(item.matches("[popovertarget], [aria-disabled=true]") || (item.type !== "button" && item.form)
                    || item.matches("form[action], a[href]") || item.querySelector("select, input")))
  .map(item => item.outerHTML.slice(0, 160))"""


@pytest.fixture
def plain(system: System, chromium: Browser, admin: User) -> Iterator[Page]:  # noqa: F811
    """A page without scripts, logged in."""
    system.web()
    with chromium.new_context(java_script_enabled=False, locale="en-GB") as context:
        page = context.new_page()
        system.log_in(page, admin)
        yield page


def test_every_page_shows_what_it_has_and_nothing_that_does_nothing(
    system: System,
    plain: Page,
    addresses: list[str],  # noqa: F811
) -> None:
    found = []
    for address in addresses:
        plain.goto(system.url + address)
        expect(plain.get_by_role("heading", level=1)).to_be_visible()
        if address != SAMPLES:
            found += [f"{address}: {html}" for html in plain.evaluate(USELESS)]
        if plain.locator(".with-script:visible").count():
            found.append(f"{address}: shows what is for scripts only")
    assert found == []


def test_operators_find_filter_retry_abort_and_acknowledge(system: System, plain: Page) -> None:
    task, now = Workflow.objects.get(name="task_sync_from"), timezone.now() - timedelta(minutes=1)
    failed, stuck = (
        Process.objects.create(
            workflow=task,
            status="failed",
            failed_reason=f"gone {uuid4()}",
            started_at=now,
            first_run_at=now,
            last_modified_at=now,
        )
        for _ in range(2)
    )
    # From the dashboard: what failed, seen.
    plain.goto(system.url)
    expect(plain.locator("#failed-title")).to_be_visible()
    plain.get_by_role("button", name="Mark as seen").click()
    expect(plain.get_by_text("Nothing failed.", exact=False).first).to_be_visible()
    # Search, by the whole id.
    plain.get_by_role("searchbox", name="Find anything").fill(str(failed.pk))
    plain.keyboard.press("Enter")
    expect(plain).to_have_url(re.compile(str(failed.pk)))
    # A note, then a retry from its page.
    plain.get_by_text("for whoever looks at this process next").click()
    plain.locator("#note").fill("Rack 7 is powered down.")
    plain.get_by_role("button", name="Save note").click()
    expect(plain.locator("#note")).to_have_value("Rack 7 is powered down.")
    plain.get_by_role("button", name="Retry").click()
    expect(plain.locator(".facts").first).to_contain_text("Resumed")
    # Filter, select, abort all of them after a question.
    plain.goto(f"{system.url}/processes/")
    plain.get_by_text("Filter by task").click()
    plain.get_by_label("Status").select_option("failed")
    plain.get_by_role("button", name="Filter", exact=True).click()
    expect(plain.locator("#process-list tbody tr")).to_have_count(1)
    plain.locator(f"#s-{stuck.pk}").check()
    plain.get_by_role("button", name="Abort…").click()
    plain.get_by_role("dialog").get_by_role("button", name="Abort").click()
    expect(plain.locator("#notes")).not_to_be_empty()
    assert Process.objects.get(pk=stuck.pk).status == ProcessStatus.ABORTED
    plain.get_by_text("noc-operator", exact=True).first.click()
    plain.get_by_role("button", name="Dark").click()
    expect(plain.locator("html")).to_have_attribute("data-theme", "dark")
