"""Schedules in a real browser: one of each kind through the form with preview, edited, paused, and what they did."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db.models import F
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from schedules import services
from schedules.forms.kinds import Kind
from schedules.models import Occurrence, Schedule

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.system import System

TASK = "task_sync_from"


@pytest.fixture
def admin(system: System) -> User:
    return User.objects.create_superuser("noc", password="a long enough password")


@pytest.fixture
def browsing(system: System, page: Page, admin: User) -> Page:
    """A logged-in browser in front of a running web process."""
    system.web()
    system.log_in(page, admin)
    return page


def choose(page: Page, kind: str) -> None:
    page.get_by_role("radio", name=kind, exact=True).check()


def created(page: Page) -> Schedule:
    """Send the form and return the schedule whose page comes up."""
    page.get_by_role("button", name="Create schedule").click()
    expect(page).to_have_url(re.compile(r"/schedules/[0-9a-f-]{36}/$"))
    return Schedule.objects.get(pk=page.url.rstrip("/").rsplit("/", 1)[1])


def test_a_schedule_of_every_minute_is_created_and_its_run_appears_by_itself(system: System, browsing: Page) -> None:
    page = browsing
    system.worker()
    system.scheduler()
    page.goto(system.url + "/schedules/new/")
    page.get_by_label("Task", exact=True).select_option(TASK)
    choose(page, "Cron")
    page.get_by_label("Cron expression").fill("*/1 * * * *")
    expect(page.locator("#preview")).to_contain_text("Every minute")
    schedule = created(page)
    opened_at = page.evaluate("performance.timeOrigin")
    # Its first due time is the last full minute, so that nobody waits for the next one.
    due = F("next_due_at") - timedelta(minutes=1)
    Schedule.objects.filter(pk=schedule.pk).update(next_due_at=due, misfire_grace=3600)
    ledger = page.locator("#ledger tbody tr")
    expect(ledger.last).to_contain_text("Started")
    expect(ledger.last.get_by_role("link")).to_contain_text("Completed")
    assert page.evaluate("performance.timeOrigin") == opened_at  # no reload
    occurrence = Occurrence.objects.filter(schedule=schedule).earliest("scheduled_at")
    assert occurrence.scheduled_at.second == 0
    ledger.last.get_by_role("link").click()
    expect(page).to_have_url(re.compile("/processes/"))
    assert occurrence.outcome == "started"


def test_one_schedule_of_each_kind_is_created_with_a_preview_edited_and_paused(system: System, browsing: Page) -> None:
    page = browsing
    later = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT10:30")

    def fill(kind: str) -> None:
        match kind:
            case "Every…":
                page.get_by_label("Every", exact=True).first.fill("7")
                page.get_by_label("Unit").first.select_option("minutes")
            case "Daily":
                page.get_by_label("Every day at").fill("04:05")
            case "Weekly":
                page.get_by_label("Monday").check()
                page.get_by_label("Friday").check()
                page.get_by_label("Those days at").fill("06:00")
            case "Monthly":
                page.get_by_label("Day", exact=True).select_option("5L")
                page.get_by_label("That day at").fill("22:15")
            case "Once":
                page.get_by_label("Date and time").fill(later)
            case "Cron":
                page.get_by_label("Cron expression").fill("0 9 * * 1-5")
            case "Combine":
                page.get_by_label("Pattern").first.fill("0 8 * * 1-5")
                page.locator("[name=legs-1-count]").fill("12")

    expected = {
        "Every…": ("interval", "7 minutes"),
        "Daily": ("cron", "04:05"),
        "Weekly": ("cron", "Friday"),
        "Monthly": ("cron", "last Friday"),
        "Once": ("date", "10:30"),
        "Cron": ("cron", "09:00"),
        "Combine": ("or", "08:00"),
    }
    for kind, (trigger, words) in expected.items():
        page.goto(f"{system.url}/schedules/new/?task={TASK}")
        choose(page, kind)
        fill(kind)
        expect(page.locator("#preview .sentence")).to_contain_text(words)
        page.get_by_label("Name", exact=True).fill(f"Kind {kind}")
        schedule = created(page)
        assert schedule.trigger == trigger
        assert schedule.next_due_at is not None

    page.goto(system.url + "/schedules/?q=Kind")
    expect(page.locator("#schedules tbody tr")).to_have_count(len(expected))
    page.get_by_role("link", name="Kind Daily").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Every day at").fill("05:30")
    expect(page.locator("#preview")).to_contain_text("Before")
    page.get_by_role("button", name="Save changes").click()
    expect(page.locator("#edited")).to_contain_text("04:05")
    expect(page.locator("#edited")).to_contain_text("05:30")
    page.get_by_role("link", name="Pause…").click()
    page.get_by_label("Reason").fill("rack move")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#schedule")).to_contain_text("rack move")
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("#ledger tbody tr")).to_have_count(1)


def test_the_preview_says_what_is_wrong_and_keeps_what_was_typed(system: System, browsing: Page) -> None:
    page = browsing
    page.goto(f"{system.url}/schedules/new/?task={TASK}&kind=cron")
    page.get_by_label("Cron expression").fill("0 25 * * *")
    expect(page.locator("#preview")).to_contain_text("'0 25 * * *' has no hour 25 (0 to 23).")
    page.get_by_label("Time zone").fill("Europe/Lodnon")
    expect(page.locator("#preview")).to_contain_text("Did you mean Europe/London?")
    page.get_by_role("button", name="Create schedule").click()
    expect(page.get_by_role("alert")).to_contain_text("Schedule not saved:")
    expect(page.get_by_label("Cron expression")).to_have_value("0 25 * * *")
    assert not Schedule.objects.filter(owner__username="noc").exists()


def test_what_is_typed_while_a_preview_is_on_its_way_is_not_lost(system: System, browsing: Page) -> None:
    page, held = browsing, []
    page.goto(system.url + "/schedules/new/")
    choose(page, "Cron")
    expression = page.get_by_label("Cron expression")
    expression.fill("5 2 * * *")
    expect(page.locator("#preview .sentence")).to_contain_text("02:05")
    page.route("**/schedules/preview/**", lambda route: route.continue_() if held else held.append(route))
    expression.fill("15 3 * * *")
    system.wait_for(lambda: page.evaluate("1") and held)  # the browser's events come in between
    expression.fill("45 4 * * *")
    held[0].continue_()
    expect(page.locator("#preview .sentence")).to_contain_text("04:45")


def test_only_the_fields_of_the_chosen_kind_show_and_another_leg_can_be_added(system: System, browsing: Page) -> None:
    page = browsing
    page.goto(f"{system.url}/schedules/new/?task={TASK}")
    expect(page.get_by_label("Every day at")).to_be_visible()
    expect(page.get_by_label("Cron expression")).to_be_hidden()
    choose(page, "Combine")
    expect(page.get_by_label("Every day at")).to_be_hidden()
    page.get_by_label("Pattern").first.fill("0 8 * * *")
    page.get_by_role("button", name="Add another").click()
    expect(page.locator(".leg")).to_have_count(3)
    expect(page.get_by_label("Pattern").first).to_have_value("0 8 * * *")


def test_no_page_of_schedules_has_an_accessibility_violation(system: System, browsing: Page, admin: User) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = browsing
    arguments = {"workflow_name": TASK, "trigger": "cron", "time_zone": "Asia/Tokyo", "user": admin}
    schedule = services.create_schedule(name="Nightly", trigger_kwargs={"expression": "30 1 * * *"}, **arguments)
    paused = services.create_schedule(name="Paused", trigger_kwargs={"expression": "* * * * *"}, **arguments)
    services.pause_schedule(paused.pk, user=admin, reason="rack move")
    now = timezone.now()
    for minutes, outcome in enumerate(("started", "skipped", "missed", "failed"), start=1):
        due = now - timedelta(minutes=minutes)
        Occurrence.objects.create(
            schedule=schedule, scheduled_at=due, fired_at=now, outcome=outcome, reason="late", traceback="Traceback"
        )
    kinds = [f"new/?task={TASK}&kind={kind}" for kind in Kind.values]
    own = [
        f"{schedule.pk}/",
        f"{schedule.pk}/edit/",
        f"{schedule.pk}/pause/",
        f"{schedule.pk}/delete/",
        f"{paused.pk}/",
    ]
    violations = []
    for width, scheme in ((1280, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for path in ("", "week/", "outage/", f"{paused.pk}/", *kinds, *own):
            page.goto(f"{system.url}/schedules/{path}")
            found = Axe().run(page).response["violations"]
            violations += [(path, width, scheme, each["id"], each["nodes"][0]["html"]) for each in found]
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width)
    assert violations == []


def test_everything_works_without_javascript(system: System, chromium: object, admin: User) -> None:
    system.web()
    with chromium.new_context(java_script_enabled=False, locale="en-GB") as context:  # type: ignore[attr-defined]
        page = context.new_page()
        system.log_in(page, admin)
        page.goto(system.url + "/schedules/new/")
        page.get_by_label("Task", exact=True).select_option(TASK)
        choose(page, "Cron")
        page.get_by_label("Cron expression").fill("15 3 * * *")
        page.get_by_role("button", name="Show").click()
        expect(page.locator("#preview .sentence")).to_contain_text("03:15")
        schedule = created(page)
        page.get_by_role("link", name="Schedules").first.click()
        page.get_by_role("link", name=schedule.name).first.click()
        page.get_by_role("link", name="Delete…").click()
        page.get_by_role("button", name="Delete schedule").click()
        expect(page.locator("#notes")).to_contain_text("is deleted")
        assert not Schedule.objects.filter(pk=schedule.pk).exists()
