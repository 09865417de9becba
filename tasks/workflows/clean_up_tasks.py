"""Removes what finished tasks left behind, once it is older than TASK_LOG_RETENTION_DAYS."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import F, QuerySet
from django.db.models.expressions import Window
from django.db.models.functions import Mod, RowNumber
from django.utils import timezone

from orchestrator.targets import Target
from orchestrator.types import State
from orchestrator.workflow import StepList, done, foreach_step, init, step, workflow
from tasks.models import InputState, Process, ProcessStep, StepLog
from tasks.statuses import TERMINAL

logger = structlog.get_logger(__name__)

BATCH = 1000


def _finished(before: datetime) -> QuerySet[Process]:
    """Tasks that ended `before` then. What runs, waits or failed is not among them, nor are workflows of products."""
    return Process.objects.filter(workflow__is_task=True, status__in=TERMINAL, completed_at__lt=before)


@step("Find finished tasks")
def find() -> State:
    before = timezone.now() - timedelta(days=settings.TASK_LOG_RETENTION_DAYS)
    found = _finished(before)
    number = Window(RowNumber(), order_by=F("process_id").asc())
    every = found.annotate(rest=Mod(number, BATCH)).filter(rest=0).order_by("process_id")
    ends = list(every.values_list("process_id", flat=True))
    last = found.order_by("-process_id").values_list("process_id", flat=True).first()
    if last is not None and last not in ends:
        ends.append(last)
    batches = [{"from": start, "to": end} for start, end in zip([None, *ends], ends, strict=False)]
    return {"before": before, "batches": batches}


@step("Remove a batch")
def remove(item: dict[str, Any], before: datetime) -> State:
    """Each batch commits by itself, so that a long history is never removed in one long transaction."""
    batch = _finished(before).filter(process_id__lte=UUID(item["to"]))
    if item["from"]:
        batch = batch.filter(process_id__gt=UUID(item["from"]))
    ids = list(batch.select_for_update(skip_locked=True, of=("self",)).values_list("process_id", flat=True))
    for model in (StepLog, InputState, ProcessStep):
        rows = model._default_manager.filter(process__in=ids)
        rows._raw_delete(rows.db)
    processes = Process.objects.filter(process_id__in=ids)
    processes._raw_delete(processes.db)
    logger.info("finished_tasks_removed", count=len(ids))
    return {"removed": len(ids)}


@step("Count")
def count(removed: list[dict[str, int]]) -> State:
    return {"tasks_removed": sum(batch["removed"] for batch in removed), "removed": None}


@workflow("Remove the processes of finished tasks after some days", target=Target.SYSTEM)
def task_clean_up_tasks() -> StepList:
    return init >> find >> foreach_step("Remove finished tasks", "batches", remove, key="removed") >> count >> done
