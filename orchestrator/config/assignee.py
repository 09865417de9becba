"""Who is expected to act on a process."""

from tasks.assignee import Assignee

__all__ = ["Assignee"]
