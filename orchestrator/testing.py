"""For tests of your own workflows."""

from tasks.testing import run_task

__all__ = ["run_task"]
