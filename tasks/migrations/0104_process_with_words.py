from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the index is built while everything goes on

    dependencies = [("tasks", "0103_steplog_item")]

    operations = [
        AddIndexConcurrently(
            model_name="process",
            index=models.Index(
                condition=models.Q(("failed_reason", ""), ("note", ""), _negated=True),
                fields=["-started_at", "-process_id"],
                name="process_with_words",
            ),
        ),
    ]
