"""What can be done with processes. Pages, API, commands and schedules call these functions and nothing below them."""

from tasks.services.starting import StartRequest, start_many, start_process, starting_from, unqueued

__all__ = ["StartRequest", "start_many", "start_process", "starting_from", "unqueued"]
