"""Gives processes that wait or are stuck another try."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import structlog
from django.db.models import Exists, OuterRef, TextField
from django.db.models.functions import Cast
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from orchestrator.targets import Target
from orchestrator.types import State
from orchestrator.workflow import StepList, done, foreach_step, init, step, workflow
from tasks import queue, transitions
from tasks.models import Process
from tasks.statuses import QUEUED, ProcessStatus

logger = structlog.get_logger(__name__)

STUCK_AFTER = timedelta(hours=1)


@step("Find waiting and stuck processes")
def find() -> State:
    """Stuck: accepted or resumed an hour ago, and nothing in the queue knows of it."""
    job = ProcrastinateJob.objects.filter(
        queueing_lock=Cast(OuterRef("process_id"), TextField()), status__in=["todo", "doing"]
    )
    waiting = Process.objects.filter(status=ProcessStatus.WAITING)
    stuck = Process.objects.filter(~Exists(job), status__in=QUEUED, last_modified_at__lt=timezone.now() - STUCK_AFTER)
    return {
        "waiting": list(waiting.values_list("process_id", flat=True)),
        "stuck": list(stuck.values_list("process_id", flat=True)),
    }


@step("Resume a waiting process")
def resume(item: UUID) -> State:
    resumed = transitions.resume(item, [ProcessStatus.WAITING])
    if resumed:
        queue.enqueue_again([item])
    return {"resumed": resumed}


@step("Queue stuck processes")
def enqueue(stuck: list[UUID]) -> State:
    still = Process.objects.filter(process_id__in=stuck, status__in=QUEUED)
    queue.enqueue_again(still.values_list("process_id", flat=True))
    return {}


@step("Count")
def count(waiting: list[str], stuck: list[str], resumed: list[dict[str, bool]]) -> State:
    logger.info("processes_resumed", waiting=len(waiting), stuck=len(stuck))
    return {"number_of_resumed": sum(each["resumed"] for each in resumed), "number_of_stuck": len(stuck)}


@workflow("Resume processes that wait or are stuck", target=Target.SYSTEM)
def task_resume_workflows() -> StepList:
    return (
        init
        >> find
        >> foreach_step("Resume waiting processes", "waiting", resume, key="resumed")
        >> enqueue
        >> count
        >> done
    )
