"""What a worker does between two steps when somebody wants the process to stop."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction
from django.utils.translation import gettext as _

from tasks import queue, sql, transitions
from tasks.engine.context import Run
from tasks.engine.halt import Stopped
from tasks.exceptions import LeaseLost
from tasks.transitions import Orders


def obey(run: Run, orders: Orders) -> None:
    """Return when the process shall go on.

    Raises Stopped after it was aborted, or handed back because the engine is locked or this worker stops; LeaseLost
    when it was taken away.
    """
    if run.lost:
        raise LeaseLost
    if orders.abort_requested_by:
        by = orders.abort_requested_by
        _certainly(lambda: transitions.abort_running(run.process_id, run.token, by=by, reason=_aborted_by(by)))
        raise Stopped
    if orders.locked or run.stopping():
        hand_back(run, locked=orders.locked)
        raise Stopped


def abort_if_wanted(run: Run, orders: Orders) -> None:
    """The process has stopped by itself, failed or waiting for somebody: it ends if that was asked for meanwhile."""
    if by := orders.abort_requested_by:
        _certainly(lambda: transitions.abort_stopped(run.process_id, by=by, reason=_aborted_by(by)))


def _aborted_by(user: str) -> str:
    return _("Aborted by %(user)s.") % {"user": user}


def hand_back(run: Run, *, locked: bool) -> None:
    """Queue the process again; while the engine is locked without a job, which it gets from the unlock."""

    def back() -> bool:
        with transaction.atomic():
            if not transitions.hand_back(run.process_id, run.token):
                return False
            if not locked:
                queue.enqueue_again([run.process_id])
            return True

    _certainly(back)


def _certainly(change: Callable[[], bool]) -> None:
    """Make the change, once more when the connection breaks: it is a compare-and-set and harmless when repeated."""
    try:
        change()
    except sql.CONNECTION_TROUBLE:
        connection.close()
        change()
