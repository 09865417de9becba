"""How probes find things out without being a burden: one of them looks, the others share what it found.

They look over short database connections of their own: never over the web process's pool, which may be what is
exhausted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import psycopg
from django.db import connections

T = TypeVar("T")
CONNECT_SECONDS = 2
QUESTION_MILLISECONDS = 1000
DEADLINE_SECONDS = 8.0


class Shared(Generic[T]):
    """A finding that is kept for a moment: who asks meanwhile waits for, or gets, the same one.

    It is looked for in a thread of its own. Whoever has waited `DEADLINE_SECONDS`, because a database or a network
    froze in the middle of an answer, gets `otherwise` instead; the look goes on, and nobody begins another.
    """

    def __init__(self, find: Callable[[], T], *, seconds: float, otherwise: Callable[[], T]) -> None:
        self._find = find
        self._seconds = seconds
        self._otherwise = otherwise
        self._lock = threading.Lock()
        self._found: tuple[float, T] | None = None
        self._looking: Future[T] | None = None

    def get(self) -> T:
        """Return a finding that is at most `seconds` old."""
        with self._lock:
            if self._found is not None and time.monotonic() - self._found[0] <= self._seconds:
                return self._found[1]
            if self._looking is None:
                self._looking = Future()
                threading.Thread(target=self._look, args=[self._looking], name="probe", daemon=True).start()
            looking = self._looking
        try:
            return looking.result(DEADLINE_SECONDS)
        except TimeoutError:
            return self._otherwise()

    def _look(self, looking: Future[T]) -> None:
        try:
            found = self._find()
        except BaseException as error:
            with self._lock:
                self._looking = None
            looking.set_exception(error)
        else:
            with self._lock:
                self._found, self._looking = (time.monotonic(), found), None
            looking.set_result(found)


@contextmanager
def short_connection(name: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Connect for a few questions, each of which has its deadline."""
    parameters = connections["default"].get_connection_params()
    parameters |= {"connect_timeout": CONNECT_SECONDS, "application_name": f"orchestrator-{name}", "autocommit": True}
    parameters |= {"cursor_factory": psycopg.Cursor, "context": None, "prepare_threshold": None}
    with psycopg.connect(**parameters) as connection:
        connection.execute(f"SET statement_timeout = {QUESTION_MILLISECONDS}")
        yield connection
