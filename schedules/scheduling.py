"""The old decorator's home: `from orchestrator.schedules.scheduling import scheduler`."""

from schedules.decorators import ALL_SCHEDULERS, scheduler

__all__ = ["ALL_SCHEDULERS", "scheduler"]
