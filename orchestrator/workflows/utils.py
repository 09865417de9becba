"""Shorthands for the decorator `workflow`, one a target."""

from tasks.kinds import create_workflow, modify_workflow, task, terminate_workflow, validate_workflow

__all__ = ["create_workflow", "modify_workflow", "task", "terminate_workflow", "validate_workflow"]
