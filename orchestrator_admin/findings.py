"""How probes find things out without being a burden: one of them looks, the others share what it found.

They look over short database connections of their own: never over the web process's pool, which may be what is
exhausted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import psycopg
from django.db import connections

T = TypeVar("T")
CONNECT_SECONDS = 2
QUESTION_MILLISECONDS = 1000


class Shared(Generic[T]):
    """A finding that is kept for a moment: who asks meanwhile waits for, or gets, the same one."""

    def __init__(self, find: Callable[[], T], seconds: float) -> None:
        self._find = find
        self._seconds = seconds
        self._lock = threading.Lock()
        self._found: tuple[float, T] | None = None

    def get(self) -> T:
        """Return a finding that is at most `seconds` old."""
        with self._lock:
            if self._found is None or time.monotonic() - self._found[0] > self._seconds:
                found = self._find()
                self._found = (time.monotonic(), found)
            return self._found[1]


@contextmanager
def short_connection(name: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Connect for a few questions, each of which has its deadline."""
    parameters = connections["default"].get_connection_params()
    parameters |= {"connect_timeout": CONNECT_SECONDS, "application_name": f"orchestrator-{name}", "autocommit": True}
    parameters |= {"cursor_factory": psycopg.Cursor, "context": None, "prepare_threshold": None}
    with psycopg.connect(**parameters) as connection:
        connection.execute(f"SET statement_timeout = {QUESTION_MILLISECONDS}")
        yield connection
