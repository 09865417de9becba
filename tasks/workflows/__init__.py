"""The workflows that come with Orchestrator Admin."""

from orchestrator.workflows import LazyWorkflowInstance

# Tasks
LazyWorkflowInstance(".nightly_sync", "task_sync_from")
