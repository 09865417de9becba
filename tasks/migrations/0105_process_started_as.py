from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tasks", "0104_process_with_words")]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '10s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="process",
            name="started_as",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="Account of the machine that started it by a command.",
                max_length=255,
            ),
        ),
    ]
