"""Looks every 30 seconds for processes whose awaited callback is overdue, and starts the task that fails them."""

from datetime import UTC, datetime

from orchestrator.db import Process
from orchestrator.schedules.scheduler import scheduler
from orchestrator.services.processes import start_process
from orchestrator.workflow import ProcessStatus


@scheduler.scheduled_job(
    id="validate-awaiting-callbacks", name="Validate awaiting callbacks", trigger="interval", seconds=30
)
def validate_awaiting_callbacks() -> None:
    waiting = Process.objects.filter(status=ProcessStatus.AWAITING_CALLBACK)
    if waiting.filter(callback_deadline__lt=datetime.now(UTC)).exists():
        start_process("task_validate_awaiting_callbacks")
