"""Removes what finished tasks left behind, once it is older than TASK_LOG_RETENTION_DAYS."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.utils import timezone

from orchestrator.targets import Target
from orchestrator.types import State
from orchestrator.workflow import StepList, done, foreach_step, init, step, workflow
from tasks import retention

logger = structlog.get_logger(__name__)

BATCH = retention.BATCH


@step("Find finished tasks")
def find() -> State:
    before = timezone.now() - timedelta(days=settings.TASK_LOG_RETENTION_DAYS)
    bounds = retention.batches(before, size=BATCH)
    return {"before": before, "batches": [{"from": after, "to": until} for after, until in bounds]}


@step("Remove a batch")
def remove(item: dict[str, Any], before: datetime) -> State:
    """Each batch commits by itself, so that a long history is never removed in one long transaction."""
    after = UUID(item["from"]) if item["from"] else None
    ids = retention.lock((after, UUID(item["to"])), before)
    retention.remove(ids)
    logger.info("finished_tasks_removed", count=len(ids))
    return {"removed": len(ids)}


@step("Count")
def count(removed: list[dict[str, int]]) -> State:
    return {"tasks_removed": sum(batch["removed"] for batch in removed), "removed": None}


@workflow("Remove the processes of finished tasks after some days", target=Target.SYSTEM)
def task_clean_up_tasks() -> StepList:
    return init >> find >> foreach_step("Remove finished tasks", "batches", remove, key="removed") >> count >> done
