"""Visits pages as a browser would, through the ASGI application, and says what the server spent on each.

Wall time is what the client waits. Beside it stand the CPU time of this process, the time that it waited for the
database, and the CPU time of the database's process, since on a busy machine waiting tells more of the neighbours than
of a page.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.test import Client

from accounts.models import User
from accounts.tokens import create_token
from benchmarks.browser import Browser, DatabaseClock
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
    browser, clock = Browser(), DatabaseClock()
    for path in paths:
        for who in people if not path.startswith(("/health/", "/metrics")) else people[:1]:
            visited = _visited(browser, clock, path, who, visits)
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


def _visited(browser: Browser, clock: DatabaseClock, path: str, who: str, visits: int) -> Visits | None:
    headers = _headers(User.objects.get(username=who), path)
    result = Visits(path, who)
    status, body = browser.get(path, headers)
    if status in (403, 404):
        return None
    assert status < 400, (path, who, status)
    result.size = len(body)
    for _ in range(visits):
        clock.reset()
        begun, used = time.perf_counter(), time.process_time()
        browser.get(path, headers)
        result.wall.append((time.perf_counter() - begun) * 1000)
        result.cpu.append((time.process_time() - used) * 1000)
        result.database.append(clock.waited_ms)
        result.database_cpu.append(clock.cpu_ms)
        result.queries.add(clock.count)
    return result


def _headers(user: User, path: str) -> dict[str, str]:
    """Return what somebody's browser sends, or their script: a session, or a token."""
    headers = {"accept-encoding": "gzip"}
    if path.startswith("/api/"):
        return headers | {"authorization": f"Token {create_token(user, name='bench', scopes=[], lifetime=None)[1]}"}
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return headers | {"cookie": f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"}


def _median(values: list[float]) -> float:
    return percentile(values, 50)


def _plain(path: str) -> str:
    """The path with ids left out, which are different each time."""
    return "/".join("…" if len(part) == 36 and part.count("-") == 4 else part for part in path.split("/"))
