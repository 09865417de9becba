"""Live pages: server-sent events that say what changed, fed by one LISTEN connection a web process.

An event carries names only ("process:<id>", "processes", "schedules"): the page fetches what it shows again, and is
checked again. Guarantee: whatever is committed after a page was rendered reaches it, or it is told to fetch everything
(`resync`): when a gap in listening, here or in its own connection, may have hidden something.

Threads: a stream is begun in a thread of a request (`threads`), where login and rights are asked for; everything else
runs in the web process's event loop, and holds neither a thread nor a connection of the pool.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterable
from contextvars import Context
from typing import Any
from uuid import UUID

import psycopg
import structlog
from django.core.handlers.asgi import ASGIRequest
from django.db import connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_GET

from accounts.permissions import Action, may
from tasks.models import Process

logger = structlog.get_logger(__name__)

CHANNELS = ("orchestrator_process", "orchestrator_log", "orchestrator_schedule")
REMEMBERED = 20_000
MOST_TOPICS = 50
# A connection ends after at most so many seconds; the browser opens it again at once, and the login and the rights are
# checked again. One that is lost it opens after some of these milliseconds, each browser after its own: a web process
# that restarts is not called by all of them in the same moment, and those that were do not stay together.
LONGEST_STREAM = 120
AT_ONCE = 250
LOST = (1_000, 4_000)
PULSE = 15
TOGETHER = 0.15
SKEW_MS = 1_000
LINGER = 10


def topics_of(channel: str, payload: str) -> tuple[str, ...]:
    """Return the names under which pages may follow what a notification tells."""
    if channel == "orchestrator_process":
        return (f"process:{payload}", "processes")
    if channel == "orchestrator_log":
        return (f"process:{payload}",)
    return (f"schedule:{payload}", "schedules")


class Subscriber:
    """One open connection: the names it follows, and those of them that changed since it was last told."""

    def __init__(self, topics: Iterable[str]) -> None:
        self.topics = frozenset(topics)
        self.changed: set[str] = set()
        self.notices: list[str] = []
        self.wake = asyncio.Event()

    def tell(self, topic: str) -> None:
        self.changed.add(topic)
        self.wake.set()

    def notice(self, word: str) -> None:
        self.notices.append(word)
        self.wake.set()


class Hub:
    """Listens while anybody follows anything, and hands on what it hears."""

    def __init__(self) -> None:
        self.followers: dict[str, set[Subscriber]] = defaultdict(set)
        self.subscribers: set[Subscriber] = set()
        self.heard: deque[tuple[int, tuple[str, ...]]] = deque(maxlen=REMEMBERED)
        self.listening_since: int | None = None
        self._task: asyncio.Task[None] | None = None

    def join(self, subscriber: Subscriber, since: int) -> None:
        """Add a subscriber and tell it what it missed after `since`, in milliseconds since 1970."""
        self.subscribers.add(subscriber)
        for topic in subscriber.topics:
            self.followers[topic].add(subscriber)
        if self._task is None or self._task.done():
            # It outlives the request that begins it: its log lines are not that one's.
            self._task = asyncio.create_task(self._run(), context=Context())
        if self._may_have_missed(since):
            subscriber.notice("resync")
        for moment, topics in self.heard:
            if moment > since - SKEW_MS:
                for topic in subscriber.topics.intersection(topics):
                    subscriber.tell(topic)

    def leave(self, subscriber: Subscriber) -> None:
        """Remove a subscriber. Soon after the last one the listening stops; not at once, since pages follow pages."""
        self.subscribers.discard(subscriber)
        for topic in subscriber.topics:
            self.followers[topic].discard(subscriber)
            if not self.followers[topic]:
                del self.followers[topic]
        if not self.subscribers:
            asyncio.get_running_loop().call_later(LINGER, self._stop_when_idle)

    def _stop_when_idle(self) -> None:
        if not self.subscribers and self._task is not None:
            self._task.cancel()
            self._task = None

    def _may_have_missed(self, since: int) -> bool:
        forgotten = self.heard[0][0] if len(self.heard) == REMEMBERED else 0
        return self.listening_since is None or since < max(self.listening_since, forgotten)

    def _hear(self, channel: str, payload: str) -> None:
        topics = topics_of(channel, payload)
        self.heard.append((now(), topics))
        for topic in topics:
            for subscriber in self.followers.get(topic, ()):
                subscriber.tell(topic)

    async def _run(self) -> None:
        """Listen for ever; a lost connection is opened again, and everybody fetches everything once."""
        pause = 0.5
        while True:
            try:
                async with await _connect() as connection:
                    for channel in CHANNELS:
                        await connection.execute(f"LISTEN {channel}")
                    self.listening_since = now()
                    self._everybody("online", "resync")
                    pause = 0.5
                    await self._listen(connection)
            except (psycopg.Error, OSError) as error:
                logger.warning("live_listener_lost", error=str(error))
                self._everybody("offline")
            finally:
                self.listening_since = None
                self.heard.clear()
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5)

    async def _listen(self, connection: psycopg.AsyncConnection[Any]) -> None:
        while True:
            async for notification in connection.notifies(timeout=PULSE):
                self._hear(notification.channel, notification.payload)
            await connection.execute("SELECT 1")

    def _everybody(self, *words: str) -> None:
        for subscriber in self.subscribers:
            for word in words:
                subscriber.notice(word)


hub = Hub()


@require_GET
def events(request: HttpRequest) -> HttpResponseBase:
    """Stream what changes of the names in `on`. 401 and 204 tell the page to poll, and to ask again rarely."""
    if not request.user.is_authenticated:
        return HttpResponse(status=401)
    if not isinstance(request, ASGIRequest):
        return HttpResponse(status=204)
    topics = _allowed(request.user, request.GET.get("on", "").split()[:MOST_TOPICS])
    if not topics:
        return HttpResponse(status=204)
    since = _number(request.headers.get("Last-Event-ID", "")) or _number(request.GET.get("since", ""))
    # "identity" keeps the compressing middleware away, which would hold events back.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Content-Encoding": "identity"}
    return StreamingHttpResponse(_stream(topics, since), content_type="text/event-stream", headers=headers)


async def _stream(topics: list[str], since: int) -> AsyncIterator[bytes]:
    subscriber = Subscriber(topics)
    hub.join(subscriber, since)
    end = time.monotonic() + LONGEST_STREAM * random.uniform(0.75, 1)  # noqa: S311  no secret
    try:
        yield f"retry: {random.randint(*LOST)}\n\n".encode()  # noqa: S311
        while time.monotonic() < end:
            try:
                await asyncio.wait_for(subscriber.wake.wait(), PULSE)
            except TimeoutError:
                # An id without data moves the browser's place forward and raises no event.
                yield f": pulse\nid: {now()}\n\n".encode()
                continue
            await asyncio.sleep(TOGETHER)
            subscriber.wake.clear()
            notices, subscriber.notices = subscriber.notices, []
            changed, subscriber.changed = subscriber.changed, set()
            for word in notices:
                yield f"event: {word}\ndata: {word}\n\n".encode()
            if changed:
                yield f"id: {now()}\nevent: change\ndata: {' '.join(sorted(changed))}\n\n".encode()
        yield f"retry: {AT_ONCE}\n\n".encode()
    finally:
        hub.leave(subscriber)


def _allowed(user: Any, topics: list[str]) -> list[str]:
    """Return the names that the user may follow: a process or a schedule only when they may see it."""
    from schedules.services import visible_schedules

    processes, schedules = _named("process:", topics), _named("schedule:", topics)
    names = Process.objects.filter(pk__in=processes).values_list("pk", "workflow__name") if processes else []
    seen = [processes[pk] for pk, name in names if may(user, Action.SEE, name)]
    if schedules:
        found = visible_schedules(user).filter(pk__in=schedules).values_list("pk", flat=True)
        seen += [schedules[pk] for pk in found]
    return seen + [topic for topic in topics if topic in ("processes", "schedules")]


def _named(kind: str, topics: list[str]) -> dict[UUID, str]:
    """Return the topics that name something of this kind, by its id."""
    found = {}
    for topic in topics:
        if topic.startswith(kind):
            try:
                found[UUID(topic.removeprefix(kind))] = topic
            except ValueError:
                continue
    return found


async def _connect() -> psycopg.AsyncConnection[Any]:
    parameters = await asyncio.to_thread(connections["default"].get_connection_params)
    own = {"application_name": "orchestrator-live", "autocommit": True, "connect_timeout": 5}
    left_out = ("cursor_factory", "context", "pool", "server_side_binding", "isolation_level", "assume_role")
    kept = {name: value for name, value in parameters.items() if name not in left_out}
    return await psycopg.AsyncConnection.connect(**{**kept, **own})


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def now() -> int:
    """Return milliseconds since 1970."""
    return time.time_ns() // 1_000_000
