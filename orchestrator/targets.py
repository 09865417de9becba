"""What a workflow is for."""

from tasks.targets import Target

__all__ = ["Target"]
