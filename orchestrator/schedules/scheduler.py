"""The decorator `@scheduler.scheduled_job(…)`."""

from schedules.scheduler import scheduler

__all__ = ["scheduler"]
