"""Finds what was lost between workers, jobs and processes, and puts it right: every 15 seconds, from any process.

Workers and schedulers call `sweep`; an advisory lock lets one of them at a time. Within 60 seconds of a crash, or of
the database being back, every affected process runs again or says what happened to it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tasks import limits, queue, registry, sql, transitions
from tasks.engine import pending, place
from tasks.engine.halt import backoff
from tasks.statuses import ProcessStatus, StepStatus
from tasks.steps import Kind, Step

logger = structlog.get_logger(__name__)

EVERY: Final = 15.0
CRASHES_UNTIL_QUARANTINE: Final = 3
AT_ONCE: Final = 500
_LOCK: Final = 7_203_915_001
_GRACE_IS_OVER: Final = "SELECT pg_postmaster_start_time() < now() - interval '20 seconds'"
"""After a restart of the database workers that live get some time to come back before they count as lost."""


def sweep() -> int | None:
    """Put right what is wrong and return how many processes that concerned; None when somebody else is at it."""
    row = sql.one("SELECT pg_try_advisory_lock(%s)", (_LOCK,))
    if row is None or not row[0]:
        return None
    try:
        parts: list[Callable[[], int]] = [
            _mark_lost, _retry_waiting, _fail_overdue, _deliver_early, _drop_stalled_jobs, _requeue, _forget_workers
        ]  # fmt: skip
        return sum(part() for part in parts)
    finally:
        sql.fetch("SELECT pg_advisory_unlock(%s)", (_LOCK,))


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


# Workers that were lost


def _mark_lost() -> int:
    if not _grace_is_over():
        return 0
    rows = sql.fetch(
        "SELECT p.process_id, p.lease_token, p.current_step, p.crashes, p.worker, p.abort_requested_by, "
        "p.current_step_started_at, p.commits, w.name FROM tasks_process p JOIN tasks_workflow w USING (workflow_id) "
        "WHERE p.status = 'running' AND p.lease_expires_at < now() ORDER BY p.lease_expires_at LIMIT %s",
        (AT_ONCE,),
    )
    return sum(_lost(*row) for row in rows)


def _lost(
    process_id: UUID,
    token: UUID,
    step_name: str,
    crashes: int,
    worker: str,
    abort_requested_by: str,
    began: datetime | None,
    commits: int,
    workflow_name: str,
) -> bool:
    """End the run of a lost worker: aborted if somebody wanted that, waiting where the step retries, else failed.

    One that has recorded something since it was looked at is not lost.
    """
    if abort_requested_by:
        reason = _("Aborted by %(user)s.") % {"user": abort_requested_by}
        return transitions.abort_running(process_id, token, by=abort_requested_by, reason=reason)
    names = {"step": step_name or "Start", "worker": worker or "?"}
    reason = _("Worker lost while running “%(step)s” (%(worker)s).") % names
    quarantined = crashes + 1 >= CRASHES_UNTIL_QUARANTINE
    if quarantined:
        reason = _(
            "Worker lost while running “%(step)s” (%(worker)s), for the third time in a row: the step is in "
            "quarantine and is not retried by itself."
        )
        reason %= names
    with transaction.atomic():
        retries = not quarantined and _retries(process_id, workflow_name, step_name)
        status = ProcessStatus.WAITING if retries else ProcessStatus.FAILED
        wait = backoff(crashes) if retries else None
        if not transitions.take_from_lost_worker(process_id, token, commits, status, reason=reason, retry=wait):
            return False
        _record_loss(process_id, names["step"], StepStatus.WAITING if retries else StepStatus.FAILED, reason, began)
    logger.warning("worker_lost", process_id=str(process_id), workflow_name=workflow_name, **names)
    return True


def _retries(process_id: UUID, workflow_name: str, step_name: str) -> bool:
    """Tell whether the step that was cut off, or the one inside the group that was, is a retrystep."""
    try:
        steps = registry.get_workflow(workflow_name).steps
    except Exception:
        return False
    step: Step | None = next((each for each in steps if each.name == step_name), None)
    if step is not None and step.kind is Kind.GROUP:
        row = sql.one(
            "SELECT progress FROM tasks_processstep WHERE process_id = %s AND parent_id IS NULL AND name = %s "
            "ORDER BY id DESC LIMIT 1",
            (process_id, step_name),
        )
        done = json.loads(row[0])["done"] if row and row[0] else []
        try:
            index = place.find(step.steps, done)
        except Exception:
            return False
        step = step.steps[index] if index < len(step.steps) else None
    return step is not None and step.retries


def _record_loss(process_id: UUID, step_name: str, status: StepStatus, reason: str, began: datetime | None) -> None:
    """Write the row of the step that was cut off, or change the one that a group already has."""
    state = json.dumps({"class": "WorkerLost", "error": reason})
    now = timezone.now()
    begun = sql.fetch(
        "UPDATE tasks_processstep SET status = %s, state = %s::jsonb, completed_at = %s "
        "WHERE process_id = %s AND status = 'running' RETURNING parent_id",
        (status.value, state, now, process_id),
    )
    if any(parent is None for (parent,) in begun):
        return
    same = sql.fetch(
        "UPDATE tasks_processstep SET attempts = attempts + 1, completed_at = %s, status = %s, state = %s::jsonb "
        "WHERE id = (SELECT max(id) FROM tasks_processstep WHERE process_id = %s AND parent_id IS NULL) "
        "AND name = %s AND status IN ('failed', 'waiting') "
        "AND (progress IS NOT NULL OR state->>'class' = 'WorkerLost') "
        "RETURNING id",
        (now, status.value, state, process_id, step_name),
    )
    if not same:
        sql.fetch(
            "INSERT INTO tasks_processstep "
            "(process_id, position, name, status, state, attempts, started_at, completed_at, commit_hash) "
            "SELECT %s, count(*), %s, %s, %s::jsonb, 1, %s, %s, '' FROM tasks_processstep WHERE process_id = %s "
            "AND parent_id IS NULL AND status IN ('success', 'skipped', 'complete')",
            (process_id, step_name, status.value, state, began or now, now, process_id),
        )


# Processes that wait


def _retry_waiting() -> int:
    if _locked():
        return 0
    rows = sql.fetch(
        "SELECT process_id FROM tasks_process WHERE status = 'waiting' AND retry_at <= now() "
        "ORDER BY retry_at LIMIT %s",
        (AT_ONCE,),
    )
    return sum(_resumed(process_id, ProcessStatus.WAITING) for (process_id,) in rows)


def _resumed(process_id: UUID, expected: ProcessStatus) -> bool:
    with transaction.atomic():
        if not transitions.resume(process_id, [expected]):
            return False
        queue.enqueue_again([process_id])
        return True


def _fail_overdue() -> int:
    """Fail the processes that nobody called back in time."""
    rows = sql.fetch(
        "SELECT process_id FROM tasks_process WHERE status = 'awaiting_callback' AND callback_deadline <= now() "
        "ORDER BY callback_deadline LIMIT %s",
        (AT_ONCE,),
    )
    return sum(fail_overdue_callback(process_id) for (process_id,) in rows)


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


def _deliver_early() -> int:
    rows = sql.fetch(
        "SELECT p.process_id FROM tasks_process p JOIN tasks_inputstate i ON i.process_id = p.process_id "
        "AND i.input_type = 'callback' AND i.step = p.callback_token WHERE p.status = 'awaiting_callback'"
    )
    return sum(pending.deliver_early_callback(process_id) for (process_id,) in rows)


# Jobs


def _drop_stalled_jobs() -> int:
    """Throw away jobs whose worker is gone: they would hold their locks for ever. Their processes get new ones."""
    if not _grace_is_over():
        return 0
    rows = sql.fetch(
        "DELETE FROM procrastinate_jobs j WHERE j.status = 'doing' AND j.task_name = %s AND NOT EXISTS ("
        "SELECT FROM procrastinate_workers w WHERE w.id = j.worker_id "
        "AND w.last_heartbeat > now() - interval '30 seconds') RETURNING id",
        (queue.RUN_PROCESS,),
    )
    return len(rows)


def _requeue() -> int:
    """Give queued processes without a job one: a worker threw it away, for the engine was locked or it died."""
    if _locked():
        return 0
    rows = sql.fetch(
        "SELECT p.process_id FROM tasks_process p "
        "WHERE p.status IN ('created', 'resumed') AND p.last_modified_at < now() - interval '10 seconds' "
        "AND NOT p.limited "
        "AND NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.queueing_lock = p.process_id::text "
        "AND j.status IN ('todo', 'doing')) ORDER BY p.started_at LIMIT %s",
        (AT_ONCE * 4,),
    )
    requeued = queue.enqueue_again([process_id for (process_id,) in rows])
    if requeued:
        logger.info("processes_requeued", count=requeued)
    return requeued + _wake_limited()


def _wake_limited() -> int:
    rows = sql.fetch(
        "SELECT DISTINCT w.name FROM tasks_process p JOIN tasks_workflow w USING (workflow_id) "
        "WHERE p.status IN ('created', 'resumed') AND p.limited"
    )
    return sum(limits.wake_next(name) for (name,) in rows)


def _forget_workers() -> int:
    """Remove the rows of workers that ended without saying so some time ago."""
    sql.fetch("DELETE FROM tasks_workerinstance WHERE heartbeat_at < now() - interval '10 minutes'")
    sql.fetch("DELETE FROM procrastinate_workers WHERE last_heartbeat < now() - interval '10 minutes'")
    return 0


def _grace_is_over() -> bool:
    row = sql.one(_GRACE_IS_OVER)
    return bool(row and row[0])


def _locked() -> bool:
    row = sql.one("SELECT EXISTS (SELECT FROM tasks_enginesettings WHERE global_lock)")
    return bool(row and row[0])
