"""What live pages are told: everything that was committed after they were rendered, or to fetch everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from django.test import Client

from orchestrator_admin import live
from orchestrator_admin.live import Hub, Subscriber, topics_of
from tests.loops import run
from tests.system import System

SOON = 30


@asynccontextmanager
async def listening(hub: Hub) -> AsyncIterator[Subscriber]:
    """Somebody follows everything, and the hub hears."""
    subscriber = Subscriber(["processes", "schedules"])
    hub.join(subscriber, live.now())
    try:
        await until(lambda: hub.listening_since is not None)
        yield subscriber
    finally:
        hub.leave(subscriber)
        hub._stop_when_idle()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON):
        while not condition():
            await asyncio.sleep(0.01)


def notify(system: System, channel: str, payload: str) -> None:
    system.sql("SELECT pg_notify(%s, %s)", channel, payload)


@pytest.mark.parametrize(
    ("channel", "topics"),
    [
        ("orchestrator_process", ("process:7", "processes")),
        ("orchestrator_log", ("process:7",)),
        ("orchestrator_schedule", ("schedule:7", "schedules")),
    ],
)
def test_a_notification_concerns_the_one_page_and_the_lists(channel: str, topics: tuple[str, ...]) -> None:
    assert topics_of(channel, "7") == topics


def test_who_joins_hears_what_was_said_since_the_page_was_made_and_nothing_older(system: System) -> None:
    async def scene() -> tuple[Subscriber, Subscriber]:
        hub = Hub()
        async with listening(hub) as first:
            old = live.now() + live.SKEW_MS * 2
            await asyncio.to_thread(notify, system, "orchestrator_process", "1")
            await until(lambda: "processes" in first.changed)
            late, early = Subscriber(["processes"]), Subscriber(["processes", "process:2"])
            hub.join(late, old)
            hub.join(early, live.now())
            hub.leave(late)
            hub.leave(early)
            return late, early

    late, early = run(scene())
    assert (late.changed, late.notices) == (set(), [])
    assert (early.changed, early.notices) == ({"processes"}, [])


def test_a_page_that_is_older_than_the_listening_fetches_everything(system: System) -> None:
    async def scene() -> list[str]:
        hub = Hub()
        async with listening(hub):
            page = Subscriber(["processes"])
            hub.join(page, live.now() - 60_000)
            hub.leave(page)
            return page.notices

    assert run(scene()) == ["resync"]


def test_who_listens_is_told_of_a_lost_connection_and_to_fetch_everything_after_it(system: System) -> None:
    async def scene() -> list[str]:
        hub = Hub()
        async with listening(hub) as subscriber:
            subscriber.notices.clear()
            await asyncio.to_thread(system.cut_connections, "orchestrator-live")
            await until(lambda: subscriber.notices[-1:] == ["resync"])
            return subscriber.notices

    assert run(scene()) == ["offline", "online", "resync"]


def test_soon_after_the_last_page_nobody_listens_any_more(system: System) -> None:
    async def scene() -> Hub:
        hub = Hub()
        async with listening(hub) as first:
            second = Subscriber(["processes"])
            hub.join(second, live.now())
            hub.leave(second)
            assert hub.followers.keys() == first.topics
            hub._stop_when_idle()  # somebody still follows
            assert hub.listening_since is not None
        await until(lambda: hub.listening_since is None)
        return hub

    assert run(scene()).followers == {}


@pytest.mark.django_db
def test_a_stranger_is_sent_away_and_a_server_that_cannot_stream_says_so(
    client: Client, django_user_model: type
) -> None:
    assert client.get("/events/?on=processes").status_code == 401
    client.force_login(django_user_model.objects.create_user("vera"))  # type: ignore[attr-defined]
    assert client.get("/events/?on=processes").status_code == 204
    assert client.post("/events/").status_code == 405
