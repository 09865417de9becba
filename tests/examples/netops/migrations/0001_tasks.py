from django.db import migrations

from orchestrator.migrations.operations import CreateTask


class Migration(migrations.Migration):
    dependencies = [("tasks", "0001_initial")]

    operations = [
        CreateTask(name="task_sync_from", description="Nightly validate and NSO sync"),
        CreateTask(name="validate_node_enrollment", description="Validate the enrollment of a node"),
    ]
