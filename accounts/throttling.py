"""At most ORCHESTRATOR_API_RATE requests a token, counted over all web processes.

A process does not ask the database for each request: it takes a tenth of the rate at a time and hands that out, so one
request in ten costs a statement (an unlogged table: no write-ahead log, no fsync). What it took and did not use is
lost with the window, so near the limit several processes may refuse up to a tenth too early, never too late.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import connection
from rest_framework.throttling import BaseThrottle

from accounts.authentication import token_of

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

PERIODS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
TAKE = """
INSERT INTO accounts_rate AS rate (key, period, taken)
VALUES (%(key)s, floor(extract(epoch FROM clock_timestamp()) / %(seconds)s), %(batch)s)
ON CONFLICT (key) DO UPDATE SET
    period = excluded.period,
    taken = CASE WHEN rate.period = excluded.period THEN rate.taken ELSE 0 END + excluded.taken
RETURNING taken, (period + 1) * %(seconds)s - extract(epoch FROM clock_timestamp())
"""
ADDRESS: Final = "address:"
# Windows that are over: a stranger with many addresses must not fill the table. (Users and tokens are few.)
FORGET: Final = """
DELETE FROM accounts_rate WHERE key IN (
    SELECT key FROM accounts_rate
     WHERE period NOT BETWEEN floor(extract(epoch FROM clock_timestamp()) / %(seconds)s) - 1
                          AND floor(extract(epoch FROM clock_timestamp()) / %(seconds)s)
     LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
"""
FORGET_EVERY: Final = 60
FORGET_AT_ONCE: Final = 1000
MOST_KEPT: Final = 10_000


@dataclass
class Lease:
    """What this process may still hand out for one key until the window ends; `spent`: nothing is left anywhere."""

    left: int
    ends: float
    spent: bool = False


_leases: dict[str, Lease] = {}
_lock = threading.Lock()
_next_forgetting = time.monotonic() + FORGET_EVERY


class RateThrottle(BaseThrottle):
    """Counts by token; by user for sessions; by address for what needs no login."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        number, _, unit = settings.ORCHESTRATOR_API_RATE.partition("/")
        allowed, self.ends = take_one(self._key(request), int(number), PERIODS[unit])
        return allowed

    def wait(self) -> float:
        """Return the seconds until the window ends."""
        return self.ends - time.monotonic()

    def _key(self, request: Request) -> str:
        if token := token_of(request):
            return f"token:{token.token_id}"
        if request.user and request.user.is_authenticated:
            return f"user:{request.user.pk}"
        return f"{ADDRESS}{self.get_ident(request)}"[:200]


def take_one(key: str, limit: int, seconds: int) -> tuple[bool, float]:
    """Return whether one more request of `key` is within `limit` a window, and when (monotonic) the window ends."""
    with _lock:
        lease = _leases.get(key)
        if lease is not None and time.monotonic() < lease.ends and (lease.left or lease.spent):
            allowed = lease.left > 0
            lease.left -= allowed
            return allowed, lease.ends
    batch = max(1, limit // 10)
    if key.startswith(ADDRESS):
        _forget_now_and_then(seconds)
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"key": key, "seconds": seconds, "batch": batch})
        taken, remaining = cursor.fetchone()
    granted = max(0, min(batch, limit - (taken - batch)))
    ends = time.monotonic() + float(remaining)
    with _lock:
        if len(_leases) >= MOST_KEPT:
            _leases.clear()
        lease = _leases.setdefault(key, Lease(0, ends))
        if time.monotonic() >= lease.ends:
            lease.left = 0
        lease.left, lease.ends, lease.spent = lease.left + max(0, granted - 1), ends, granted == 0
    return granted > 0, ends


def forget(seconds: int) -> int:
    """Delete what was counted in windows of so many seconds that are over, a thousand at a time; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET, {"seconds": seconds, "most": FORGET_AT_ONCE})
        deleted: int = cursor.rowcount
    return deleted


def _forget_now_and_then(seconds: int) -> None:
    global _next_forgetting
    if time.monotonic() >= _next_forgetting:
        _next_forgetting = time.monotonic() + FORGET_EVERY
        if forget(seconds) == FORGET_AT_ONCE:
            _next_forgetting = 0.0  # there are more: the next stranger's request goes on
