"""How long and how far searches may look together, however they are nested."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

_current = threading.local()


@contextmanager
def cpu_time(seconds: float) -> Iterator[float]:
    """Give what runs inside at most so many seconds of this thread's CPU time, and no more than is left outside.

    Yields the `time.thread_time()` at which to stop. Nothing is interrupted: searches look at it themselves.
    """
    outer = getattr(_current, "stop_at", float("inf"))
    _current.stop_at = min(outer, time.thread_time() + seconds)
    try:
        yield _current.stop_at
    finally:
        _current.stop_at = outer


@contextmanager
def looking_up_to(until: datetime | None) -> Iterator[None]:
    """Say that what comes after `until` is of no interest inside; None: everything is."""
    outer = getattr(_current, "until", None)
    _current.until = until
    try:
        yield
    finally:
        _current.until = outer


def nearer(until: datetime) -> datetime:
    """Return `until`, or the nearer time beyond which nobody asks."""
    asked: datetime | None = getattr(_current, "until", None)
    return until if asked is None else min(until, asked)
