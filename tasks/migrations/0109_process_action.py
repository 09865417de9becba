"""What people do to a process is recorded, in a table of its own."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tasks", "0108_process_by_person")]

    operations = [
        # The foreign key waits for whoever writes processes just now.
        migrations.RunSQL("SET LOCAL lock_timeout = '10s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="ProcessAction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("retried", "Retried"),
                            ("resumed", "Answered"),
                            ("aborted", "Aborted"),
                            ("noted", "Note changed"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "who",
                    models.CharField(help_text="Name of the user at that time; SYSTEM: code did it.", max_length=255),
                ),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("page", "Page"),
                            ("api", "API"),
                            ("command", "Command line"),
                            ("schedule", "Schedule"),
                            ("code", "Code"),
                        ],
                        max_length=10,
                        verbose_name="origin",
                    ),
                ),
                (
                    "before",
                    models.TextField(
                        blank=True, help_text="The failure that it ended; of a changed note: the old one."
                    ),
                ),
                ("traceback", models.TextField(blank=True, verbose_name="traceback")),
                (
                    "process",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="history", to="tasks.process"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("action__in", ["retried", "resumed", "aborted", "noted"])),
                        name="process_action_known",
                    )
                ],
            },
        ),
    ]
