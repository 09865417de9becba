"""Every page, in light and dark, wide and narrow: no finding of axe-core, nothing to scroll sideways, light to load."""

from __future__ import annotations

import gzip
import itertools
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import axe_playwright_python
import pytest
from django.utils import timezone

from accounts.models import User
from schedules.models import Schedule
from tasks.models import Process, ProcessStep, Product, StepLog, Subscription, Workflow

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.system import System

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
HEAVIEST = 60_000
LONG = "a-name-that-nobody-would-type-but-some-generator-did-" + "x" * 120


@pytest.fixture
def addresses(system: System) -> list[str]:
    """Every page that there is, with something to show on each."""
    now = timezone.now()
    task = Workflow.objects.get(name="task_sync_from")
    ids = []
    for status in ("failed", "running", "suspended", "waiting", "completed", "aborted", "inconsistent_data"):
        running = {"lease_token": uuid4(), "lease_expires_at": now + timedelta(hours=1), "current_step": "NSO calls"}
        process = Process.objects.create(
            workflow=task, status=status, started_at=now, first_run_at=now, last_modified_at=now, note=LONG,
            failed_reason=LONG, traceback='Traceback:\n  File "x.py", line 1, in y\n    z()\nValueError: no',
            **(running if status == "running" else {}),
        )  # fmt: skip
        ProcessStep.objects.create(
            process=process, position=0, name=LONG, status="success", state={"key": [LONG] * 9, "other": 1},
            started_at=now, completed_at=now,
        )  # fmt: skip
        StepLog.objects.create(process=process, position=0, at=now, level="info", message=LONG)
        ids.append(process.pk)
    schedule = Schedule.objects.create(
        name=LONG, workflow=task, trigger="cron", trigger_kwargs={"expression": "0 1 * * *"}, system=True,
        next_due_at=now + timedelta(hours=2),
    )  # fmt: skip
    product = Product.objects.create(name=LONG, description=LONG)
    subscription = Subscription.objects.create(product=product, description=LONG, note=LONG)
    return [
        "/", "/tasks/", "/tasks/task_sync_from/", "/processes/", "/processes/?group=failed&text=nothing", "/workflows/",
        "/products/", f"/products/{product.pk}/", "/subscriptions/", f"/subscriptions/{subscription.pk}/", "/system/",
        "/system/design/", "/search/?q=e", "/schedules/", "/schedules/new/", f"/schedules/{schedule.pk}/",
        f"/schedules/{schedule.pk}/edit/", "/schedules/week/", "/schedules/outage/", "/accounts/tokens/", "/nowhere/",
        *(f"/processes/{pk}/" for pk in ids),
    ]  # fmt: skip


@pytest.fixture
def admin(system: System) -> User:
    return User.objects.create_superuser("noc-operator", password="a long enough password", is_staff=True)


def test_axe_finds_nothing_and_nothing_sticks_out(
    system: System, chromium: Browser, addresses: list[str], admin: User
) -> None:
    system.web()
    found: list[str] = []
    with chromium.new_context(bypass_csp=True, reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(f"{system.url}/accounts/login/")
        found += problems(page, "/accounts/login/")
        system.log_in(page, admin)
        for address in addresses:
            page.goto(system.url + address)
            found += problems(page, address)
    assert found == []


def problems(page: Page, address: str) -> list[str]:
    """Return what axe-core finds on the page in both schemes, wide and narrow, and where it sticks out."""
    found = []
    page.evaluate(AXE)
    for scheme, width in itertools.product(("light", "dark"), (1280, 390)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        shown = f"{address}, {scheme}, {width} wide"
        violations = page.evaluate("rules => axe.run(document, rules).then(result => result.violations)", RULES)
        found += [f"{shown}: {each['id']}: {node['html'][:200]}" for each in violations for node in each["nodes"]]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append(f"{shown}: wider than the window")
    return found


def test_every_page_is_light(system: System, page: Page, addresses: list[str], admin: User) -> None:
    system.web()
    system.log_in(page, admin)
    sizes: dict[str, int] = {}
    for address in addresses:
        page.errors.clear()  # type: ignore[attr-defined]  # one of them is the page that does not exist
        page.goto(system.url + address)
        kept = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
        names = {name for name in kept if "/static/" in name} | {system.url + address}
        sizes[address] = sum(compressed(page, name) for name in names)
    page.errors.clear()  # type: ignore[attr-defined]
    assert {address: size for address, size in sizes.items() if size > HEAVIEST} == {}


def compressed(page: Page, address: str) -> int:
    """Return how many bytes an asset or a page takes on its way."""
    return len(gzip.compress(page.request.get(address).body()))
