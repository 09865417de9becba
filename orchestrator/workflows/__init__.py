"""How an application registers its workflows."""

from tasks.registry import LazyWorkflowInstance

__all__ = ["LazyWorkflowInstance"]
