"""Finds what was lost between workers, jobs and processes, and puts it right: every 15 seconds, from any process.

Workers and schedulers call `sweep`; an advisory lock lets one of them at a time. Within 60 seconds of a crash, or of
the database being back, every affected process runs again or says what happened to it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import structlog
from django.db import connection

from tasks import sql
from tasks.sweeper.jobs import drop_stalled_jobs, forget_workers, requeue
from tasks.sweeper.lost import CRASHES_UNTIL_QUARANTINE, mark_lost
from tasks.sweeper.waiting import deliver_early, fail_overdue, retry_waiting

__all__ = ["CRASHES_UNTIL_QUARANTINE", "Sweeper", "sweep"]

logger = structlog.get_logger(__name__)

EVERY: Final = 15.0
_LOCK: Final = 7_203_915_001


def sweep() -> int | None:
    """Put right what is wrong and return how many processes that concerned; None when somebody else is at it."""
    row = sql.one("SELECT pg_try_advisory_lock(%s)", (_LOCK,))
    if row is None or not row[0]:
        return None
    try:
        parts: list[Callable[[], int]] = [
            mark_lost, retry_waiting, fail_overdue, deliver_early, drop_stalled_jobs, requeue, forget_workers
        ]  # fmt: skip
        return sum(_done(part) for part in parts)
    finally:
        sql.fetch("SELECT pg_advisory_unlock(%s)", (_LOCK,))


def _done(part: Callable[[], int]) -> int:
    """Do a part of the work; what goes wrong in it keeps nobody from the others."""
    try:
        return part()
    except sql.CONNECTION_TROUBLE:
        raise
    except Exception:
        logger.exception("sweep_failed", part=part.__name__)
        return 0


class Sweeper(threading.Thread):
    """Sweeps again and again, on a connection of its own."""

    def __init__(self) -> None:
        super().__init__(name="sweeper", daemon=True)
        self._ending = threading.Event()

    def run(self) -> None:
        """Sweep every 15 seconds until `end` is called."""
        while True:
            try:
                sweep()
            except sql.CONNECTION_TROUBLE as error:
                logger.warning("sweeper_without_database", error=str(error).strip())
                connection.close()
            except Exception:
                logger.exception("sweep_failed")
                connection.close()
            if self._ending.wait(EVERY):
                connection.close()
                return

    def end(self) -> None:
        """Stop sweeping."""
        self._ending.set()
        self.join(timeout=10)
