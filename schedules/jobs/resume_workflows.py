"""Resumes waiting and stuck processes every hour."""

from orchestrator.schedules.scheduler import scheduler
from orchestrator.services.processes import start_process


@scheduler.scheduled_job(id="resume-workflows", name="Resume workflows", trigger="interval", hours=1)
def run_resume_workflows() -> None:
    start_process("task_resume_workflows")
