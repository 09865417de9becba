"""What opens on a page has no finding of axe-core either, in light and dark: menu, help, question, search, folds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from accounts.models import User
from tests.browser.test_every_page import AXE, RULES
from tests.pages import made

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.system import System


def test_axe_finds_nothing_in_what_opens(system: System, chromium: Browser) -> None:
    system.web()
    failed = made("failed", failed_reason="gone")
    found: list[str] = []
    with chromium.new_context(bypass_csp=True, reduced_motion="reduce") as context:
        page = context.new_page()
        system.log_in(page, User.objects.create_superuser("noc-operator"))
        page.goto(f"{system.url}/processes/{failed.pk}/")
        page.evaluate(AXE)
        page.locator("#user-menu > summary").click()
        found += findings(page, "#user-menu")
        page.keyboard.press("Escape")
        page.locator("[popovertarget=keys]").first.click()
        found += findings(page, "#keys")
        page.keyboard.press("Escape")
        page.locator("[popovertarget=confirm-abort]").first.click()
        found += findings(page, "#confirm-abort")
        page.keyboard.press("Escape")
        page.locator("#find").fill("sync")
        expect(page.locator("#found [role=option]").first).to_be_visible()
        page.locator("#find").press("ArrowDown")
        expect(page.locator("#found [role=option][aria-selected=true]")).to_have_count(1)
        found += findings(page, "header .find")
        page.goto(f"{system.url}/schedules/new/")
        page.evaluate(AXE)
        page.get_by_text("Combine", exact=True).click()
        for fold in page.locator("#schedule-form summary:visible").all():
            fold.click()
        found += findings(page, "#schedule-form")
    assert found == []


def findings(page: Page, opened: str) -> list[str]:
    """Return what axe-core finds in an element that was opened, in both schemes."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        violations = page.evaluate(
            "([place, rules]) => axe.run(place, rules).then(result => result.violations)", [opened, RULES]
        )
        found += [
            f"{opened}, {scheme}: {each['id']}: {node['html'][:200]}" for each in violations for node in each["nodes"]
        ]
    return found
