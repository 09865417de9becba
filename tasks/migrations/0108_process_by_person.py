"""What somebody started is found without reading the rows that the viewer may not see."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the index is built while everything goes on

    dependencies = [("tasks", "0107_vacuum")]

    operations = [
        AddIndexConcurrently(
            model_name="process",
            index=models.Index(
                condition=models.Q(("created_by__isnull", False)),
                fields=["created_by", "-started_at"],
                include=["workflow", "process_id"],
                name="process_by_person",
            ),
        ),
        RemoveIndexConcurrently(model_name="process", name="process_by_user"),
    ]
