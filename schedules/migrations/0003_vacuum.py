"""The ledger is vacuumed and analysed after two per cent of it has changed, not twenty.

Storage parameters only: nobody waits, nothing is rewritten.
"""

from django.db import migrations

PARAMETERS = ("autovacuum_vacuum_scale_factor", "autovacuum_vacuum_insert_scale_factor",
              "autovacuum_analyze_scale_factor")  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("schedules", "0002_indexes")]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '10s'", migrations.RunSQL.noop),
        migrations.RunSQL(
            f"ALTER TABLE schedules_occurrence SET ({', '.join(f'{name} = 0.02' for name in PARAMETERS)})",
            f"ALTER TABLE schedules_occurrence RESET ({', '.join(PARAMETERS)})",
        ),
    ]
