"""What every test stands on: the databases, the running system, the browser, and what a run says about itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.test import TransactionTestCase
from django.test.utils import setup_databases
from django.utils.translation.reloader import translation_file_changed

from tests.databases import (
    drop_databases_of_dead_runs,
    drop_databases_of_this_run,
    make_template,
    reset_test_database,
)
from tests.system import System, fresh_system

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WAIT_AT_MOST = 30_000  # milliseconds; generous, as two cores may be busy with more than this test
NO_BROWSER = (
    "The browser tests did NOT run: there is no Chromium on this machine. "
    "Install it (Debian: apt-get install chromium, or run bin/test as root) and run again."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="give the fault tests their full length")


def pytest_sessionstart() -> None:
    """Compile the translations, as every deployment does, before a program of this run reads them."""
    call_command("compilemessages", verbosity=0)
    translation_file_changed(None, Path("django.mo"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by their folder; leave out those that need a browser where there is none (and say so at the end).

    Those with a mark take long: they come first, so that two halves of a run that share their work end together.
    """
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker("browser")
        if "faults" in item.path.parts:
            item.add_marker("fault")
    items.sort(key=lambda item: not ({"browser", "faults"} & set(item.path.parts)))
    if CHROMIUM is None:
        left_out = [item for item in items if item.get_closest_marker("browser")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
        config.stash[LEFT_OUT] = len(left_out)


LEFT_OUT = pytest.StashKey[int]()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if config.stash.get(LEFT_OUT, 0):
        terminalreporter.section("browser")
        terminalreporter.line(f"{NO_BROWSER} ({config.stash[LEFT_OUT]} tests)")


# Databases


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Migrate a test database and keep a copy of it, to clone from.

    pytest-django's own fixture makes none when no test is marked `django_db`, as those are not that use `system`.
    After a test with real commits Django would empty every table, rows of migrations included: clone again instead.
    """
    drop_databases_of_dead_runs()
    with django_db_blocker.unblock():
        setup_databases(verbosity=0, interactive=False, aliases={"default"}, serialized_aliases=set())
        make_template()
    TransactionTestCase._fixture_teardown = lambda self: reset_test_database()
    yield
    drop_databases_of_this_run()


@pytest.fixture(scope="session", autouse=True)
def static_files() -> None:
    """Collect static files, as every deployment does, so that pages find them."""
    from orchestrator_admin.assets import collect_static_files

    collect_static_files()


@pytest.fixture(autouse=True)
def _fast_passwords(request: pytest.FixtureRequest, settings: Any) -> None:
    """Hash passwords quickly, except where a real web process has to know them."""
    if "system" not in request.fixturenames:
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


# The running system


@pytest.fixture
def long_run(request: pytest.FixtureRequest) -> bool:
    """True when the fault tests shall have their full length."""
    return bool(request.config.getoption("--long"))


@pytest.fixture
def system(django_db_setup: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[System]:
    """A system of real processes on a fresh database, which the ORM in the test itself uses as well (autocommit)."""
    with fresh_system(tmp_path, django_db_blocker) as system:
        yield system


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show what the system's processes wrote when a test that used them failed."""
    report: Any = yield
    system = getattr(item, "funcargs", {}).get("system")
    if report.failed and isinstance(system, System):
        for process in system.processes:
            report.sections.append((f"{process.name} (exit code {process.returncode})", process.output[-20_000:]))
    return report


# Browser


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=WAIT_AT_MOST)
    # Playwright's synchronous interface keeps an event loop in this thread, which Django would refuse to query from.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield launched
        launched.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of its own, which fails the test when a script fails or a resource is refused."""
    with chromium.new_context(locale="en-GB", timezone_id="Europe/Amsterdam", reduced_motion="reduce") as context:
        context.set_default_timeout(WAIT_AT_MOST)
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.errors = errors  # type: ignore[attr-defined]  # a test that expects one clears the list
        yield page
        assert not errors, errors
