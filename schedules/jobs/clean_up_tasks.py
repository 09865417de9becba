"""Deletes finished tasks that are older than TASK_LOG_RETENTION_DAYS, every six hours."""

from orchestrator.schedules.scheduler import scheduler
from orchestrator.services.processes import start_process


@scheduler.scheduled_job(id="clean-tasks", name="Clean up tasks", trigger="interval", hours=6)
def vacuum_tasks() -> None:
    start_process("task_clean_up_tasks")
