"""Commits what a step did: its own writes, its row and the process's row at once, once, under the lease.

A step that did not touch the database is recorded by one statement in autocommit mode: nothing was sent while it ran.
When the connection breaks, a commit whose outcome is unknown is looked up by the process's count of commits, and is
done again only if it did not happen. A function's own writes cannot be done again: with them the step failed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import structlog
from django.db import DatabaseError, connection, transaction

from tasks import sql, transitions
from tasks.engine.context import Run, call
from tasks.exceptions import LeaseLost, StepError
from tasks.news import news
from tasks.steps import Step
from tasks.transitions import Next, Orders, Result

logger = structlog.get_logger(__name__)

PATIENCE: Final = 120.0
"""Seconds for which an unreachable database is asked again before the process is left to the sweeper."""

Save = Callable[[], Orders]


def commit(run: Run, results: list[Result], then: Next) -> Orders:
    """Record `results` and where the process stands, however often the connection breaks meanwhile.

    Raises LeaseLost when the process was taken away, and OperationalError when the database stays unreachable.
    """
    return persistently(run, lambda: record(run, results, then))


def record(run: Run, results: list[Result], then: Next) -> Orders:
    """Record once, on the current connection. The commit that ends the run deletes its job, too."""
    run.stops = then.stops
    orders = transitions.record(run.process_id, run.token, results, replace(then, job_id=run.job_id))
    run.job_deleted = then.stops and run.job_id is not None
    return orders


def perform(run: Run, step: Step, view: dict[str, Any], path: str, prepare: Callable[[Any], Save]) -> Orders:
    """Call a step's function and commit its writes together with what `prepare(returned)` saves.

    Raises what the function or `prepare` raised, with the function's writes undone; LeaseLost; StepError when the
    database refused the commit.
    """
    save: Save | None = None
    try:
        with transaction.atomic():
            returned = call(run, step, view, path)
            if connection.closed_in_transaction:
                raise StepError(
                    f"The step “{step.name}” closed its connection to the database. What it wrote before is undone."
                )
            save = prepare(returned)
            orders = None if sql.untouched() else save()
    except LeaseLost:
        raise
    except DatabaseError as error:
        if save is None:
            raise
        if isinstance(error, sql.CONNECTION_TROUBLE):
            return _after_lost_writes(run, step, error)
        raise StepError(f"What the step “{step.name}” did could not be committed: {error}") from error
    except sql.CONNECTION_TROUBLE as error:
        if save is None:
            raise
        return _after_lost_writes(run, step, error)
    if orders is None:
        return persistently(run, save)
    run.commits += 1
    return orders


def persistently(run: Run, save: Save) -> Orders:
    """Save until it is certain that it was saved once."""
    deadline = time.monotonic() + PATIENCE
    pause = 0.05
    unsure = False
    while True:
        try:
            orders = _found_saved(run) if unsure else None
            if orders is None:
                orders = save()
        except sql.CONNECTION_TROUBLE as error:
            connection.close()
            if time.monotonic() > deadline:
                logger.exception("process_left_to_sweeper")
                raise
            logger.warning("commit_interrupted", error=str(error), next_try_in=pause)
            time.sleep(pause)
            pause = min(2.0, pause * 2)
            unsure = True
        else:
            run.commits += 1
            return orders


def _found_saved(run: Run) -> Orders | None:
    """Tell whether the commit that was cut off happened. Raises LeaseLost when the process is somebody else's now.

    After a commit that does not end the run the process still runs under our token, or it is not ours any more: others
    may have taken it, and have recorded just as many results as we wanted to. A commit that ends the run takes the
    token away, and only counts tell; mistaken or not, nothing is executed after it.
    """
    row = sql.one(
        "SELECT commits, status = 'running' AND lease_token = %s, abort_requested_by FROM tasks_process "
        "WHERE process_id = %s",
        (run.token, run.process_id),
    )
    if row is None:
        raise LeaseLost
    commits, ours, abort_requested_by = row
    if ours and commits == run.commits:
        return None
    if commits != run.commits + 1 or not (ours or run.stops):
        raise LeaseLost
    news.of(run.process_id)  # the answer that was lost would have
    rows = sql.fetch(
        "SELECT id FROM tasks_processstep WHERE process_id = %s ORDER BY id DESC LIMIT 10", (run.process_id,)
    )
    return Orders(abort_requested_by, False, [row[0] for row in reversed(rows)])


def _after_lost_writes(run: Run, step: Step, error: Exception) -> Orders:
    """The connection broke while a step's own writes were committed: find out whether they were."""
    connection.close()

    def lookup() -> Orders:
        orders = _found_saved(run)
        if orders is None:
            raise StepError(
                f"The connection to the database was lost while the result of “{step.name}” was committed. What the "
                f"step wrote to the database was undone: {error}"
            ) from error
        return orders

    return persistently(run, lookup)
