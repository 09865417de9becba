"""Which processes have ended long ago, in batches, and how they are removed with all that hangs on them.

The built-in task `task_clean_up_tasks` and the command `archiveprocesses` share it. Ten years of history stay quick
because nothing here ever looks at all of it: the bounds below are those of an index, and one run has a limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from tasks import sql
from tasks.models import InputState, Process, ProcessAction, ProcessStep, StepLog, Workflow
from tasks.statuses import TERMINAL

BATCH: Final = 1000
"""Processes that one transaction removes."""
BATCHES: Final = 500
"""Batches of one run; the next run does the rest."""

_BOUNDS: Final = """
WITH ended AS (
    SELECT process_id FROM tasks_process
     WHERE workflow_id = ANY(%(workflows)s) AND status = ANY(%(statuses)s)
       AND started_at < %(before)s AND completed_at < %(before)s
     ORDER BY process_id LIMIT %(most)s
), numbered AS (
    SELECT process_id, row_number() OVER (ORDER BY process_id) AS number, count(*) OVER () AS total FROM ended
)
SELECT process_id FROM numbered WHERE number %% %(batch)s = 0 OR number = total ORDER BY process_id
"""

Batch = tuple[UUID | None, UUID]
"""Ids of processes: behind the first, until the second."""


def ended(before: datetime, *, products: bool = False) -> QuerySet[Process]:
    """Return the tasks that completed or were aborted `before` then; with `products` also workflows of products.

    What runs, waits or failed is never among them. Nothing ends before it starts: the bound on `started_at` changes
    nothing, but is the one that an index knows.
    """
    workflows = Workflow.objects.all() if products else Workflow.objects.filter(is_task=True)
    return Process.objects.filter(
        workflow__in=list(workflows), status__in=TERMINAL, started_at__lt=before, completed_at__lt=before
    )


def batches(before: datetime, *, size: int = BATCH, most: int = BATCHES, products: bool = False) -> list[Batch]:
    """Return the bounds of at most `most` batches of `size` processes that ended `before` then, the oldest first."""
    workflows = Workflow.objects.all() if products else Workflow.objects.filter(is_task=True)
    ends = [
        process_id
        for (process_id,) in sql.fetch(
            _BOUNDS,
            {
                "workflows": list(workflows.values_list("pk", flat=True)),
                "statuses": [status.value for status in TERMINAL],
                "before": before,
                "batch": size,
                "most": size * most,
            },
        )
    ]
    return list(zip([None, *ends], ends, strict=False))


def lock(batch: Batch, before: datetime, *, products: bool = False) -> list[UUID]:
    """Lock what is still there of a batch, but for what others hold, and return the ids. Within a transaction."""
    after, until = batch
    found = ended(before, products=products).filter(process_id__lte=until)
    if after is not None:
        found = found.filter(process_id__gt=after)
    return list(found.select_for_update(skip_locked=True, of=("self",)).values_list("process_id", flat=True))


def remove(ids: Sequence[UUID]) -> None:
    """Remove processes with all that is recorded of them, past Django's collector, which would load them all."""
    for model in (StepLog, InputState, ProcessAction, ProcessStep):
        rows = model._default_manager.filter(process__in=ids)
        rows._raw_delete(rows.db)
    processes = Process.objects.filter(process_id__in=ids)
    processes._raw_delete(processes.db)
