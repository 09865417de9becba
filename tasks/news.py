"""Tells live pages what a worker changed, soon after the commit instead of within it.

A commit that contains a NOTIFY holds a lock of the whole database until it is on disk: commits of steps would wait for
each other, whatever the number of workers. So a worker says on its connections that it tells by itself (the trigger
`tell_changed` then leaves out what happens under a lease), collects what it changed, and `keeper` sends that in
transactions of their own, which write nothing. What a worker did not tell before it was killed, pages find out when
the sweeper marks the process.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.backends.signals import connection_created

from tasks import sql

TOGETHER: Final = 0.02
"""Seconds for which changes are collected after some were told."""


class News:
    """Processes that changed and of which nobody was told yet. One for the whole operating-system process."""

    def __init__(self) -> None:
        self.collecting = False
        self.came = threading.Event()
        self._changed: set[UUID] = set()
        self._guard = threading.Lock()

    def collect(self) -> None:
        """From now on tell by ourselves. To be called before the threads that run processes connect."""
        self.collecting = True
        connection_created.connect(_say_so)

    def of(self, process_id: UUID) -> None:
        """Tell of a change, once it is committed."""
        if self.collecting:
            transaction.on_commit(partial(self._add, process_id))

    def _add(self, process_id: UUID) -> None:
        with self._guard:
            self._changed.add(process_id)
        self.came.set()

    def tell(self) -> bool:
        """Tell what was collected; False when there was nothing."""
        self.came.clear()
        with self._guard:
            changed, self._changed = self._changed, set()
        if not changed:
            return False
        try:
            sql.fetch(
                "SELECT pg_notify('orchestrator_process', changed::text) FROM unnest(%s::uuid[]) AS changed",
                (list(changed),),
            )
        except sql.CONNECTION_TROUBLE:
            with self._guard:
                self._changed |= changed
            raise
        return True


def _say_so(connection: Any, **_signal: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET orchestrator.tells = 'by itself'")


news: Final = News()
