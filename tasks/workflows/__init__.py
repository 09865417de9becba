"""The workflows that come with Orchestrator Admin."""

from orchestrator.workflows import LazyWorkflowInstance

# Tasks
LazyWorkflowInstance(".nightly_sync", "task_sync_from")
LazyWorkflowInstance(".clean_up_tasks", "task_clean_up_tasks")
LazyWorkflowInstance(".resume_workflows", "task_resume_workflows")
LazyWorkflowInstance(".validate_subscriptions", "task_validate_subscriptions")
LazyWorkflowInstance(".validate_products", "task_validate_products")
LazyWorkflowInstance(".validate_awaiting_callbacks", "task_validate_awaiting_callbacks")
LazyWorkflowInstance(".showcase", "task_showcase")
