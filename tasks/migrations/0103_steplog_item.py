"""What a foreach logs is kept per item. A column without a default or a check: no row is read or written."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tasks", "0102_words_and_failures")]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '10s'", migrations.RunSQL.noop),
        migrations.AddField(
            "steplog",
            "item",
            models.IntegerField(null=True, help_text="Index of the item of a foreach that logged it."),
        ),
    ]
