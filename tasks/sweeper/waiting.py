"""Processes that wait: for their next try, or for somebody who calls back."""

from __future__ import annotations

import json
from uuid import UUID

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from tasks import queue, sql, transitions
from tasks.engine import pending
from tasks.statuses import ProcessStatus
from tasks.sweeper.conditions import AT_ONCE, each, locked

logger = structlog.get_logger(__name__)


def retry_waiting() -> int:
    if locked():
        return 0
    rows = sql.fetch(
        "SELECT process_id FROM tasks_process WHERE status = 'waiting' AND retry_at <= now() "
        "ORDER BY retry_at LIMIT %s",
        (AT_ONCE,),
    )
    return each(rows, _retried)


@sql.again_when_deadlocked
def _retried(process_id: UUID) -> bool:
    with transaction.atomic():
        if not transitions.resume(process_id, [ProcessStatus.WAITING]):
            return False
        queue.enqueue_again([process_id])
        return True


def fail_overdue() -> int:
    """Fail the processes that nobody called back in time."""
    rows = sql.fetch(
        "SELECT process_id FROM tasks_process WHERE status = 'awaiting_callback' AND callback_deadline <= now() "
        "ORDER BY callback_deadline LIMIT %s",
        (AT_ONCE,),
    )
    return each(rows, fail_overdue_callback)


def fail_overdue_callback(process_id: UUID) -> bool:
    """Fail one process whose callback did not come in time. A retry makes a new route."""
    reason = _("Nobody called back in time.")
    state = json.dumps({"class": "CallbackTimeout", "error": reason})
    with transaction.atomic():
        if not transitions.fail_waiting(process_id, ProcessStatus.AWAITING_CALLBACK, reason=reason):
            return False
        sql.fetch(
            "UPDATE tasks_processstep SET status = 'failed', state = %s::jsonb, completed_at = now() "
            "WHERE process_id = %s AND status = 'awaiting_callback'",
            (state, process_id),
        )
    logger.warning("callback_overdue", process_id=str(process_id))
    return True


def deliver_early() -> int:
    rows = sql.fetch(
        "SELECT p.process_id FROM tasks_process p JOIN tasks_inputstate i ON i.process_id = p.process_id "
        "AND i.input_type = 'callback' AND i.step = p.callback_token WHERE p.status = 'awaiting_callback'"
    )
    return each(rows, pending.deliver_early_callback)
