"""Fails processes whose callback did not come in time."""

from __future__ import annotations

import structlog
from django.utils import timezone

from orchestrator.targets import Target
from orchestrator.types import State
from orchestrator.workflow import StepList, done, init, step, workflow
from tasks import transitions
from tasks.models import Process
from tasks.statuses import ProcessStatus

logger = structlog.get_logger(__name__)


@step("Fail processes whose callback did not come in time")
def validate() -> State:
    overdue = Process.objects.filter(status=ProcessStatus.AWAITING_CALLBACK, callback_deadline__lt=timezone.now())
    failed = [
        str(process_id)
        for process_id in overdue.values_list("process_id", flat=True)
        if transitions.fail_waiting(
            process_id, ProcessStatus.AWAITING_CALLBACK, reason="The callback did not come in time."
        )
    ]
    logger.info("overdue_callbacks_failed", processes=failed)
    return {"failed": failed}


@workflow("Fail processes whose callback did not come in time", target=Target.SYSTEM)
def task_validate_awaiting_callbacks() -> StepList:
    return init >> validate >> done
