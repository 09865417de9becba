"""Operations that add and remove the rows of workflows."""

from tasks.operations import CreateTask, CreateWorkflow, DeleteWorkflow

__all__ = ["CreateTask", "CreateWorkflow", "DeleteWorkflow"]
