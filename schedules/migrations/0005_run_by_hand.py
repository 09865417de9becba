"""Finds what was run by hand in the ledger of a busy schedule."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the index is built while everything goes on

    dependencies = [("schedules", "0004_asked_for")]

    operations = [
        AddIndexConcurrently(
            model_name="occurrence",
            index=models.Index(
                condition=models.Q(("manual", True)),
                fields=["schedule", "-scheduled_at"],
                name="occurrence_by_hand",
            ),
        ),
    ]
