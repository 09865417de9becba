"""Hears of edited schedules over a LISTEN connection of its own, which reconnects for ever.

What is missed while it is down is found by the loop itself, which never sleeps for more than a second.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
import structlog
from django.db import connections

from schedules.projection import EDITED

logger = structlog.get_logger(__name__)


class Listener:
    """A thread that calls `heard` at every edit, and at every reconnection."""

    def __init__(self, heard: Callable[[], None]) -> None:
        self._heard = heard
        self._stopping = threading.Event()
        self._connected = True
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except Exception as error:  # whatever keeps it from listening, the loop goes on without
                if self._connected:
                    logger.warning("listen_connection_lost", error=str(error).strip())
                self._connected = False
                self._stopping.wait(1)

    def _listen(self) -> None:
        django = connections["default"]
        # The same connection parameters as Django's; a plain connection, since Django's belong to their threads.
        parameters = {name: value for name, value in django.get_connection_params().items() if name not in _DJANGO_ONLY}
        with psycopg.connect(**parameters, autocommit=True) as listening:
            listening.execute(f"LISTEN {EDITED}")
            self._connected = True
            self._heard()
            while not self._stopping.is_set():
                for _notification in listening.notifies(timeout=1, stop_after=1):
                    self._heard()


_DJANGO_ONLY = {"cursor_factory", "context", "pool", "server_side_binding", "prepare_threshold"}
