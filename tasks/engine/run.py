"""Runs a process: claims it, finds its place, and lets the executor do step after step."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from uuid import UUID

import structlog
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from tasks import limits, registry, sql, transitions
from tasks.engine.context import OpenRow, Run
from tasks.engine.executor import Executor, attempt
from tasks.engine.failure import failure
from tasks.engine.halt import Stopped
from tasks.engine.obeying import obey
from tasks.engine.recording import PATIENCE, record
from tasks.exceptions import LeaseLost
from tasks.state import loads
from tasks.statuses import FINISHED_STEP, ProcessStatus, StepStatus
from tasks.transitions import Claimed, Next, Orders

logger = structlog.get_logger(__name__)


def run_process(
    process_id: UUID,
    *,
    worker: str = "",
    token: UUID | None = None,
    stopping: Callable[[], bool] = lambda: False,
    register: Callable[[Run], None] = lambda run: None,
    job_id: int | None = None,
    claimed: Claimed | None = None,
) -> Run | None:
    """Claim a queued process and run it until it ends or stops. None when there was nothing to claim.

    One that was `claimed` already, with the same `token`, is run from there on.

    `register(run)` is told of the run once it is claimed, so that its lease can be kept. Never raises what a step
    raises; raises OperationalError when the database stays unreachable, and the sweeper takes over.
    """
    token = token or uuid.uuid4()
    with bound_contextvars(process_id=str(process_id)):
        run, executor = _claimed(process_id, token, worker, stopping, register, job_id, claimed)
        if run is None:
            return None
        try:
            if executor is not None:
                with bound_contextvars(workflow_name=run.workflow_name):
                    executor.go()
        except Stopped:
            pass
        except LeaseLost:
            logger.warning("lease_lost", workflow_name=run.workflow_name)
        if run.limited:
            limits.wake_next(run.workflow_name)
        return run


def _claimed(
    process_id: UUID,
    token: UUID,
    worker: str,
    stopping: Callable[[], bool],
    register: Callable[[Run], None],
    job_id: int | None,
    claimed: Claimed | None,
) -> tuple[Run | None, Executor | None]:
    """Claim the process and record its first steps without a function, in one transaction.

    When the connection breaks, what was claimed is claimed again, by the same token, and what was recorded is read.
    """
    deadline = time.monotonic() + PATIENCE
    together: AbstractContextManager[None] = transaction.atomic() if claimed is None else nullcontext()
    while True:
        try:
            with together:
                claimed = claimed or transitions.claim(process_id, token, worker)
                claimed = claimed or limits.claim(process_id, token, worker)
                if claimed is None:
                    return None, None
                run = Run(
                    process_id,
                    token,
                    claimed.workflow_name,
                    claimed.is_task,
                    claimed.commits,
                    claimed.limited,
                    stopping=stopping,
                    job_id=job_id,
                )
                executor = _prepared(run, claimed)
            break
        except sql.CONNECTION_TROUBLE:
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
            claimed, together = None, transaction.atomic()
    if executor is not None:
        register(run)
        if claimed.abort_requested_by:
            try:
                obey(run, Orders(claimed.abort_requested_by))
            except Stopped:
                executor = None
    return run, executor


def _prepared(run: Run, claimed: Claimed) -> Executor | None:
    """Return what runs the process from its place on; None when it ended by the first steps, or cannot run at all."""
    try:
        _load(run, claimed)
        executor = Executor(run, registry.get_workflow(run.workflow_name).steps)
        executor.lead(claimed.current_step)
    except DatabaseError:
        raise
    except Exception as error:
        logger.exception("process_cannot_run", workflow_name=run.workflow_name)
        found = failure(error, is_task=run.is_task, secrets=run.secrets)
        name = run.open.name if run.open is not None else "Start"
        row = attempt(run, name, StepStatus.FAILED, found, began=timezone.now())
        then = Next(name, ProcessStatus.FAILED, failed_reason=found.reason, traceback=found.traceback)
        record(run, [row], then)
        return None
    return None if executor.ended else executor


def _load(run: Run, claimed: Claimed) -> None:
    """Give the run the state that the last recorded result left. Raises SecretUnreadable."""
    if claimed.has_history:
        _read_history(run)
    if not run.done:
        run.state, found = loads(claimed.initial)
        run.secrets |= found
        run.done.extend(claimed.led)


def _read_history(run: Run) -> None:
    rows = sql.fetch(
        "SELECT id, name, status, attempts, progress, started_at, "
        "CASE WHEN id >= max(id) FILTER (WHERE status IN ('success', 'skipped', 'complete')) OVER () "
        "       OR id = max(id) OVER () THEN state END "
        "FROM tasks_processstep WHERE process_id = %s AND parent_id IS NULL ORDER BY id",
        (run.process_id,),
    )
    for row_id, name, status, attempts, progress, started_at, state in rows:
        if status in FINISHED_STEP:
            run.done.append(name)
            run.open, run.failures = None, 0
            if state is not None:
                run.state, found = loads(state)
                run.secrets |= found
        elif status != StepStatus.ABORT:
            kept = json.loads(progress) if progress else None
            held = json.loads(state) if state else {}
            run.open = OpenRow(row_id, name, StepStatus(status), attempts, held, kept, started_at)
            run.failures += attempts
