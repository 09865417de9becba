"""Processes whose worker is gone: they are aborted, wait for another try, or fail and say so."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tasks import registry, sql, transitions
from tasks.engine import place
from tasks.engine.halt import backoff
from tasks.statuses import ProcessStatus, StepStatus
from tasks.steps import Kind
from tasks.sweeper.conditions import AT_ONCE, each, grace_is_over

logger = structlog.get_logger(__name__)

CRASHES_UNTIL_QUARANTINE: Final = 3


def mark_lost() -> int:
    if not grace_is_over():
        return 0
    rows = sql.fetch(
        "SELECT p.process_id, p.lease_token, p.current_step, p.crashes, p.worker, p.abort_requested_by, "
        "p.current_step_started_at, p.commits, w.name FROM tasks_process p JOIN tasks_workflow w USING (workflow_id) "
        "WHERE p.status = 'running' AND p.lease_expires_at < now() ORDER BY p.lease_expires_at LIMIT %s",
        (AT_ONCE,),
    )
    return each(rows, _lost)


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
    """Tell whether the step that was cut off, or the one inside the groups and loops that were, is a retrystep."""
    try:
        steps = registry.get_workflow(workflow_name).steps
        step = next((each for each in steps if each.name == step_name), None)
        row = _row(process_id, step_name) if step is not None else None
        while step is not None and step.kind in (Kind.GROUP, Kind.FOREACH):
            if step.kind is Kind.FOREACH:
                row = _child(row)
            index = place.find(step.steps, json.loads(row[1] or "{}").get("done", []) if row else [])
            step = step.steps[index] if index < len(step.steps) else None
            row = _child(row)
    except Exception:
        return False
    return step is not None and step.retries


def _row(process_id: UUID, step_name: str) -> tuple[Any, ...] | None:
    """Return id and progress of the last row of a step of the workflow's own."""
    return sql.one(
        "SELECT id, progress FROM tasks_processstep WHERE process_id = %s AND parent_id IS NULL AND name = %s "
        "ORDER BY id DESC LIMIT 1",
        (process_id, step_name),
    )


def _child(row: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    """Return id and progress of the row below `row` that is under way; None before it has one."""
    if row is None:
        return None
    return sql.one(
        "SELECT id, progress FROM tasks_processstep WHERE parent_id = %s "
        "AND status IN ('running', 'failed', 'waiting') ORDER BY status = 'running' DESC, id DESC LIMIT 1",
        (row[0],),
    )


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
