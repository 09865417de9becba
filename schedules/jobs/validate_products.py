"""Validates the products every night at 02:30."""

from orchestrator.schedules.scheduler import scheduler
from orchestrator.services.processes import start_process


@scheduler.scheduled_job(id="validate-products", name="Validate products", trigger="cron", hour=2, minute=30)
def validate_products() -> None:
    start_process("task_validate_products")
