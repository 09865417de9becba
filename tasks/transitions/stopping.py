"""Takes processes away from their workers, ends them, and queues them again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from tasks.news import news
from tasks.sql import fetch
from tasks.statuses import FAILURES, QUEUED, ProcessStatus

ABORTED_STEP: Final = "User aborted"


def hand_back(process_id: UUID, token: UUID) -> bool:
    """Put a running process back among the queued ones. The caller gives it a job, in the same transaction."""
    return _told(
        process_id,
        fetch(
            "UPDATE tasks_process SET status = 'resumed', lease_token = NULL, lease_expires_at = NULL, worker = '', "
            "last_modified_at = now() WHERE process_id = %s AND lease_token = %s AND status = 'running' "
            "RETURNING process_id",
            (process_id, token),
        ),
    )


_STOPPABLE: Final = [
    *QUEUED, ProcessStatus.SUSPENDED, ProcessStatus.WAITING, ProcessStatus.AWAITING_CALLBACK, *FAILURES,
]  # fmt: skip

_ABORT: Final = """
WITH stopped AS (
    UPDATE tasks_process
       SET status = 'aborted', completed_at = now(), last_modified_at = now(), lease_token = NULL,
           lease_expires_at = NULL, retry_at = NULL, callback_token = '', callback_deadline = NULL,
           abort_requested_by = %(by)s, failed_reason = %(reason)s
     WHERE process_id = %(process_id)s AND {condition}
    RETURNING process_id
)
INSERT INTO tasks_processstep
       (process_id, position, name, status, state, attempts, started_at, completed_at, commit_hash)
SELECT process_id, (SELECT count(*) FROM tasks_processstep s WHERE s.process_id = stopped.process_id
                       AND s.parent_id IS NULL AND s.status IN ('success', 'skipped', 'complete')),
       '{step}', 'abort', jsonb_build_object('aborted_by', %(by)s::text), 1, now(), now(), ''
  FROM stopped RETURNING process_id
"""


def abort_running(process_id: UUID, token: UUID, *, by: str, reason: str) -> bool:
    """End a running process as aborted, by the one that holds its lease."""
    statement = _ABORT.format(condition="lease_token = %(token)s AND status = 'running'", step=ABORTED_STEP)
    return _told(process_id, fetch(statement, {"process_id": process_id, "token": token, "by": by, "reason": reason}))


def abort_stopped(process_id: UUID, *, by: str, reason: str) -> bool:
    """End a process that does not run as aborted; False when it runs, or ended already."""
    statement = _ABORT.format(condition="status = ANY(%(stoppable)s)", step=ABORTED_STEP)
    stoppable = [status.value for status in _STOPPABLE]
    return bool(fetch(statement, {"process_id": process_id, "by": by, "reason": reason, "stoppable": stoppable}))


def request_abort(process_id: UUID, *, by: str) -> bool:
    """Ask for a running process to be aborted after its current step."""
    return bool(
        fetch(
            "UPDATE tasks_process SET abort_requested_by = %s, last_modified_at = now() "
            "WHERE process_id = %s AND status = 'running' RETURNING process_id",
            (by, process_id),
        )
    )


def resume(process_id: UUID, expected: Iterable[ProcessStatus]) -> bool:
    """Queue a process again that stopped with one of the `expected` statuses. The caller gives it a job."""
    return bool(
        fetch(
            "UPDATE tasks_process SET status = 'resumed', last_modified_at = now(), retry_at = NULL, "
            "failed_reason = '', traceback = '', callback_token = '', callback_deadline = NULL, "
            "assignee = 'SYSTEM', completed_at = NULL, abort_requested_by = '' "
            "WHERE process_id = %s AND status = ANY(%s) RETURNING process_id",
            (process_id, [status.value for status in expected]),
        )
    )


def fail_waiting(process_id: UUID, expected: ProcessStatus, *, reason: str) -> bool:
    """Fail a process that waited in vain."""
    return bool(
        fetch(
            "UPDATE tasks_process SET status = 'failed', last_modified_at = now(), failed_reason = %s, "
            "callback_token = '', callback_deadline = NULL WHERE process_id = %s AND status = %s RETURNING process_id",
            (reason, process_id, expected.value),
        )
    )


_FAIL_REFUSED: Final = """
WITH failed AS (
    UPDATE tasks_process
       SET status = 'failed', last_modified_at = now(), failed_reason = %(reason)s, traceback = '',
           lease_token = NULL, lease_expires_at = NULL
     WHERE process_id = %(process_id)s AND lease_token = %(token)s AND status = 'running'
    RETURNING process_id, current_step
)
INSERT INTO tasks_processstep
       (process_id, position, name, status, state, attempts, started_at, completed_at, commit_hash)
SELECT process_id, (SELECT count(*) FROM tasks_processstep s WHERE s.process_id = failed.process_id
                       AND s.parent_id IS NULL AND s.status IN ('success', 'skipped', 'complete')),
       COALESCE(NULLIF(current_step, ''), 'Start'), 'failed',
       jsonb_build_object('class', 'Refused', 'error', %(reason)s::text), 1, now(), now(), ''
  FROM failed RETURNING process_id
"""


def fail_refused(process_id: UUID, token: UUID, *, reason: str) -> bool:
    """Fail a queued process that could not be claimed, or one that runs under the token and cannot be recorded.

    To be called in a transaction. Only what runs fails, so a queued one runs for a moment, without what a claim writes.
    """
    parameters = {"process_id": process_id, "token": token, "reason": reason}
    fetch(
        "UPDATE tasks_process SET status = 'running', lease_token = %(token)s, lease_expires_at = now() "
        "WHERE process_id = %(process_id)s AND status IN ('created', 'resumed')",
        parameters,
    )
    return _told(process_id, fetch(_FAIL_REFUSED, parameters))


def take_from_lost_worker(
    process_id: UUID, token: UUID, commits: int, status: ProcessStatus, *, reason: str, retry: float | None
) -> bool:
    """End the run of a worker whose lease ran out. It cannot record anything any more.

    `commits` is what was recorded when it was looked at: who has recorded since then lives, and goes on.
    """
    return _told(
        process_id,
        fetch(
            "UPDATE tasks_process SET status = %s, failed_reason = %s, traceback = '', last_modified_at = now(), "
            "crashes = crashes + 1, lease_token = NULL, lease_expires_at = NULL, "
            "retry_at = now() + make_interval(secs => %s) "
            "WHERE process_id = %s AND lease_token = %s AND commits = %s AND status = 'running' "
            "AND lease_expires_at < now() "
            "RETURNING process_id",
            (status.value, reason, retry, process_id, token, commits),
        ),
    )


def _told(process_id: UUID, changed: Sequence[Any]) -> bool:
    """Return whether something changed that belonged to a worker; then pages are told."""
    if changed:
        news.of(process_id)
    return bool(changed)
