"""Visits pages through the ASGI application, as a browser would, and says what the server spent on each.

Wall time is what the client waits. Beside it stand the CPU time of this process, the time that it waited for the
database, and the CPU time of the database's process, since on a busy machine waiting tells more of the neighbours than
of a page.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import connection
from django.test import AsyncClient

from accounts.models import User
from accounts.tokens import create_token
from benchmarks.figures import percentile, table
from benchmarks.fill import TEAM
from benchmarks.stand import make_token

VISITS = 40
BOUND_MS = 50
# Superuser, a role, and somebody who sees one site's tasks by grants: three ways to narrow every query.
PEOPLE = ("bench", "bench-operator", f"bench-{TEAM}")
HEAD = ["page", "who", "p50, ms", "p95, ms", "CPU p50", "database p50", "its CPU", "queries", "kB", "≤ 50 ms"]


@dataclass
class Visits:
    """One page as one person sees it, visited many times."""

    path: str
    who: str
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    database_cpu: list[float] = field(default_factory=list)
    queries: set[int] = field(default_factory=set)
    size: int = 0

    @property
    def met(self) -> bool:
        return percentile(self.wall, 95) <= BOUND_MS

    @property
    def row(self) -> list[str]:
        times = [
            percentile(self.wall, 50),
            percentile(self.wall, 95),
            *map(_median, (self.cpu, self.database, self.database_cpu)),
        ]
        count = " or ".join(map(str, sorted(self.queries)))
        verdict = "met" if self.met else "**missed**"
        shown = [f"{ms:.1f}" for ms in times]
        return [f"`{_plain(self.path)}`", self.who, *shown, count, f"{self.size / 1000:.1f}", verdict]


def visit_all(paths: Sequence[str], people: Sequence[str] = PEOPLE, visits: int = VISITS) -> list[Visits]:
    """Visit every path as each of `people`; what somebody may not see is left out. Prints each row at once."""
    make_token()  # and its user, the superuser
    found = []
    for path in paths:
        for who in people if not path.startswith(("/health/", "/metrics")) else people[:1]:
            visited = _visited(path, who, visits)
            if visited is not None:
                found.append(visited)
                print("  " + "  ".join(visited.row), flush=True)
    return found


def summary(found: Sequence[Visits]) -> str:
    """Return the table of all visits, and a sentence that says whether the goal is met."""
    slow = [visited for visited in found if not visited.met]
    worst = max(found, key=lambda visited: percentile(visited.wall, 95))
    verdict = (
        f"**{len(slow)} of {len(found)} missed the goal**" if slow else f"all {len(found)} met the goal"
    ) + f" of {BOUND_MS} ms at the 95th percentile; the slowest is `{_plain(worst.path)}` for {worst.who}"
    return f"{table(HEAD, [visited.row for visited in found])}\n\nOf pages and API lists, {verdict}."


def _visited(path: str, who: str, visits: int) -> Visits | None:
    user = User.objects.get(username=who)
    client, headers = AsyncClient(), {"accept-encoding": "gzip"}
    if path.startswith("/api/"):
        token = create_token(user, name="bench", scopes=[], lifetime=None)[1]
        headers["authorization"] = f"Token {token}"
    else:
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    result = Visits(path, who)

    @async_to_sync
    async def once(note: Callable[[float, float], None]) -> Any:
        begun, used = time.perf_counter(), time.process_time()
        response = await client.get(path, headers=headers)
        note((time.perf_counter() - begun) * 1000, (time.process_time() - used) * 1000)
        return response

    response = once(lambda wall, cpu: None)
    if response.status_code in (403, 404):
        return None
    assert response.status_code < 400, (path, who, response.status_code)
    result.size = len(response.content)
    for _ in range(visits):
        clock = _DatabaseClock()
        used = _backend_cpu()
        with connection.execute_wrapper(clock):
            once(lambda wall, cpu: (result.wall.append(wall), result.cpu.append(cpu)))  # type: ignore[func-returns-value]
        result.database.append(clock.ms)
        result.database_cpu.append(_backend_cpu() - used)
        result.queries.add(clock.count)
    return result


class _DatabaseClock:
    """Adds up how long this process waits for answers of the database."""

    def __init__(self) -> None:
        self.ms, self.count = 0.0, 0

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        begun = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.ms += (time.perf_counter() - begun) * 1000
            self.count += 1


def _backend_cpu() -> float:
    """Milliseconds that the database's process behind our connection has had a processor; it runs on this machine."""
    connection.ensure_connection()
    statistics = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
    return int(statistics.split()[0]) / 1e6


def _median(values: list[float]) -> float:
    return percentile(values, 50)


def _plain(path: str) -> str:
    """The path with ids left out, which are different each time."""
    return "/".join("…" if len(part) == 36 and part.count("-") == 4 else part for part in path.split("/"))
