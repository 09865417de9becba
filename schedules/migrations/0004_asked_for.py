"""Due times that somebody asked for say who that was, and through which door. Nothing is rewritten, nobody waits."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("schedules", "0003_vacuum")]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '10s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="occurrence",
            name="origin",
            field=models.CharField(
                blank=True,
                choices=[
                    ("page", "Page"),
                    ("api", "API"),
                    ("command", "Command line"),
                    ("schedule", "Schedule"),
                    ("code", "Code"),
                ],
                db_default="",
                default="",
                max_length=10,
                verbose_name="origin",
            ),
        ),
        migrations.AddField(
            model_name="occurrence",
            name="asked_by",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=255, verbose_name="asked for by"
            ),
        ),
    ]
