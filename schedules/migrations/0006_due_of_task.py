from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("schedules", "0005_run_by_hand"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="schedule",
            index=models.Index(
                condition=models.Q(("enabled", True), ("next_due_at__isnull", False)),
                fields=["workflow", "next_due_at"],
                name="schedule_due_of_task",
            ),
        ),
    ]
