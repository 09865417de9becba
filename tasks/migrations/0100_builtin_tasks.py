"""The rows of the workflows that come with Orchestrator Admin."""

from django.db import migrations

from orchestrator.migrations.operations import CreateTask


class Migration(migrations.Migration):
    dependencies = [("tasks", "0001_initial")]

    operations = [
        CreateTask(name="task_sync_from", description="Nightly validate and NSO sync"),
        CreateTask(
            name="task_clean_up_tasks",
            description="Removes the processes of finished tasks after TASK_LOG_RETENTION_DAYS days",
        ),
        CreateTask(name="task_resume_workflows", description="Resumes processes that wait or are stuck"),
        CreateTask(name="task_validate_subscriptions", description="Checks that no subscription contradicts itself"),
        CreateTask(name="task_validate_products", description="Checks that code, database and products agree"),
        CreateTask(
            name="task_validate_awaiting_callbacks",
            description="Fails processes whose callback did not come in time",
        ),
        CreateTask(name="task_showcase", description="Shows everything that a workflow can do; changes nothing"),
    ]
