# workflows/__init__.py

from orchestrator.workflows import LazyWorkflowInstance

# Tasks
LazyWorkflowInstance(".tasks.nightly_sync", "task_sync_from")
LazyWorkflowInstance(".tasks.validate_node_enrollment", "validate_node_enrollment")
