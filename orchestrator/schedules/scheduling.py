"""The old decorator `@scheduler(name=…, time_unit=…, period=…, at=…)`, deprecated."""

from schedules.scheduler import scheduler

__all__ = ["scheduler"]
