"""Everybody at once: after a restart of a web process every open page opens its stream in the same moment.

All get through, in order, and other pages answer meanwhile; so do clients that wait for processes.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from django.test import Client

from accounts.models import User
from accounts.tokens import create_token
from orchestrator_admin.threads import LASTING, PAGES
from tasks import services
from tests.loops import run

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from tests.system import Process as RunningProcess
    from tests.system import System

CROWD = 200
FOLLOWED = 50
POOL = PAGES + LASTING
MOST_THREADS = POOL + 20


@dataclass
class Visitor:
    """Somebody with a session and a token who asks the web process over plain sockets, many times at once."""

    port: int
    headers: str

    async def ask(self, path: str) -> tuple[int, asyncio.StreamReader, asyncio.StreamWriter]:
        """Send a request and return the status once the head of the answer has come; the connection stays open."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{self.headers}\r\n".encode())
        status = int((await reader.readline()).split()[1])
        while (await reader.readline()).strip():
            pass
        return status, reader, writer

    async def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body of an answer that ends."""
        asked = Visitor(self.port, self.headers + "Connection: close\r\n")
        status, reader, writer = await asked.ask(path)
        body = await reader.read()
        writer.close()
        return status, body


@pytest.fixture
def visitor(system: System) -> Visitor:
    user = User.objects.create_superuser("noc-operator", password="a long enough password")
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    token = create_token(user)[1]
    cookie = f"sessionid={system.session_key_for(client)}"
    return Visitor(system.port, f"Cookie: {cookie}\r\nAuthorization: Token {token}\r\n")


@pytest.fixture
def processes(system: System) -> list[UUID]:
    """Processes that are queued and that nobody runs."""
    return [services.start_process("succeeding", [{}]) for _ in range(FOLLOWED)]


def connected(system: System, name: str) -> int:
    found = system.sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s", name
    )
    return int(found[0][0])


async def pages_while(visitor: Visitor, crowd: Awaitable[object]) -> list[int]:
    """Visit a page again and again until the crowd is through; return the statuses."""
    waiting, seen = asyncio.ensure_future(crowd), []
    while not waiting.done() or not seen:
        seen.append((await visitor.get("/processes/"))[0])
    await waiting
    return seen


def assert_little_is_held(system: System, web: RunningProcess) -> None:
    threads = int(Path(f"/proc/{web.pid}/status").read_text().partition("Threads:")[2].split()[0])
    assert threads < MOST_THREADS
    assert connected(system, "orchestrator-web") <= POOL
    assert connected(system, "orchestrator-live") == 1


def test_200_streams_opened_in_one_moment_all_get_through_and_pages_answer_meanwhile(
    system: System, visitor: Visitor, processes: list[UUID]
) -> None:
    web = system.web()

    async def told(reader: asyncio.StreamReader) -> None:
        while not (line := await reader.readline()).startswith(b"data: process"):
            assert line

    async def scene() -> None:
        opening = asyncio.gather(
            *(visitor.ask(f"/events/?on=process:{processes[n % FOLLOWED]}+processes") for n in range(CROWD))
        )
        assert set(await pages_while(visitor, opening)) == {200}
        streams = opening.result()
        assert [status for status, _, _ in streams] == [200] * CROWD
        await asyncio.to_thread(system.wait_for, lambda: connected(system, "orchestrator-live"))
        assert_little_is_held(system, web)
        await asyncio.to_thread(system.sql, "SELECT pg_notify('orchestrator_process', %s)", str(processes[0]))
        await asyncio.gather(*(told(reader) for _, reader, _ in streams))
        for _, _, writer in streams:
            writer.close()

    run(scene())


def test_clients_that_wait_for_processes_hold_neither_threads_nor_connections(
    system: System, visitor: Visitor, processes: list[UUID], long_run: bool
) -> None:
    web = system.web(LOG_LEVEL="DEBUG")  # says of each request when it has been through
    crowd = CROWD if long_run else CROWD // 4

    def all_wait() -> bool:
        return (
            sum("request_finished" in line and "/api/processes/" in line for line in web.output.splitlines()) >= crowd
        )

    async def scene() -> None:
        waiting = asyncio.gather(
            *(visitor.get(f"/api/processes/{processes[n % FOLLOWED]}/?wait=60") for n in range(crowd))
        )
        assert set(await pages_while(visitor, asyncio.to_thread(system.wait_for, all_wait))) == {200}
        assert not waiting.done()
        assert_little_is_held(system, web)
        await asyncio.to_thread(system.sql, "UPDATE tasks_process SET status = 'aborted'")
        assert set(await pages_while(visitor, waiting)) == {200}
        answers = waiting.result()
        assert [status for status, _ in answers] == [200] * crowd
        assert {json.loads(body)["status"] for _, body in answers} == {"aborted"}

    run(scene())


def test_waiting_ends_after_the_time_asked_for(system: System, visitor: Visitor, processes: list[UUID]) -> None:
    system.web()
    began = time.monotonic()
    status, body = run(visitor.get(f"/api/processes/{processes[0]}/?wait=1"))
    assert (status, json.loads(body)["status"]) == (200, "created")
    assert time.monotonic() - began >= 1
