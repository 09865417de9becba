"""Live pages: they catch up after a lost database, a lost web process and a refused stream; nothing for strangers."""

from __future__ import annotations

import http.client
import time
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Action, User
from tasks.models import Process, Workflow
from tests.people import grant, somebody

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, Route

    from tests.system import System


@pytest.fixture
def process(system: System) -> Process:
    """A process that runs, as far as the database knows."""
    now = timezone.now()
    return Process.objects.create(
        workflow=Workflow.objects.get(name="task_sync_from"), status="running", started_at=now, first_run_at=now,
        last_modified_at=now, lease_token=uuid4(), lease_expires_at=now + timedelta(hours=1), current_step="Start",
    )  # fmt: skip


@pytest.fixture
def admin(system: System) -> User:
    return User.objects.create_superuser("noc-operator", password="a long enough password")


class Streams:
    """Connections to the stream of events, as browsers keep them open."""

    def __init__(self, system: System, user: User) -> None:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        self.port, self.cookie = system.port, f"sessionid={system.session_key_for(client)}"
        self.opened: list[http.client.HTTPConnection] = []

    def open(self, names: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        self.opened.append(connection)
        connection.request("GET", f"/events/?on={names}&since={int(timezone.now().timestamp() * 1000)}",
                           headers={"Cookie": self.cookie})  # fmt: skip
        return connection.getresponse()

    def close(self) -> None:
        for connection in self.opened:
            connection.close()


@pytest.fixture
def streams(system: System, admin: User) -> Iterator[Streams]:
    opened = Streams(system, admin)
    yield opened
    opened.close()


def test_strangers_and_those_who_may_not_see_a_process_are_told_nothing(
    system: System, process: Process, streams: Streams
) -> None:
    system.web()
    grant("task_sync_from", "a closed circle", Action.SEE)
    outsider = Streams(system, somebody("vera", "viewer"))
    assert outsider.open(f"process:{process.pk}").status == 204
    assert streams.open(f"process:{process.pk}").status == 200
    streams.cookie = ""
    assert streams.open("processes").status == 401
    outsider.close()


def test_a_page_reconnects_after_the_database_was_away_and_shows_what_it_missed(
    system: System, process: Process, admin: User, page: Page
) -> None:
    system.web()
    system.log_in(page, admin)
    page.goto(f"{system.url}/processes/{process.pk}/")
    expect(page.locator("#live")).to_have_text("Live")
    system.restart_database()
    Process.objects.filter(pk=process.pk).update(current_step="A step of the dark minutes")
    expect(page.locator("#process")).to_contain_text("A step of the dark minutes")
    expect(page.locator("#live")).to_have_text("Live")
    page.errors.clear()  # type: ignore[attr-defined]  # the page may have asked while the database was away


def test_a_page_whose_stream_is_refused_asks_again_and_polls_until_it_has_one(
    system: System, process: Process, admin: User, page: Page
) -> None:
    """A browser gives up a stream for ever that was answered 503, as by a proxy while the web process restarts."""
    system.web()
    system.log_in(page, admin)
    refused = []

    def refuse(route: Route) -> None:
        refused.append(route.request.url)
        route.fulfill(status=503)

    page.route("**/events/**", refuse)
    page.clock.install()
    page.goto(f"{system.url}/processes/{process.pk}/")
    for _attempt in range(4):
        expect_more(page, refused)
    expect(page.locator("#live")).to_have_attribute("data-state", "polling")
    Process.objects.filter(pk=process.pk).update(current_step="A step seen by polling")
    page.clock.run_for(7_000)
    expect(page.locator("#process")).to_contain_text("A step seen by polling")
    page.unroute("**/events/**")
    page.clock.run_for(60_000)
    page.clock.resume()
    expect(page.locator("#live")).to_have_text("Live")
    page.errors.clear()  # type: ignore[attr-defined]  # a browser complains of each 503


def expect_more(page: Page, refused: list[str]) -> None:
    """Let the page's time pass until it has asked for its stream once more."""
    before, end = len(refused), time.monotonic() + 30
    while len(refused) == before:
        assert time.monotonic() < end
        page.clock.run_for(1_000)


def test_a_page_comes_back_by_itself_when_its_web_process_was_restarted(
    system: System, process: Process, admin: User, page: Page
) -> None:
    web = system.web()
    system.log_in(page, admin)
    page.goto(f"{system.url}/processes/{process.pk}/")
    expect(page.locator("#live")).to_have_text("Live")
    web.kill()
    web.wait()
    expect(page.locator("#live")).not_to_have_text("Live")
    Process.objects.filter(pk=process.pk).update(current_step="A step of the restart")
    system.web()
    expect(page.locator("#process")).to_contain_text("A step of the restart")
    expect(page.locator("#live")).to_have_text("Live")
    page.errors.clear()  # type: ignore[attr-defined]  # and of each connection that was refused
