"""History is vacuumed and analysed after two per cent of it has changed, not twenty: of fifty million steps, one.

Storage parameters only: nobody waits, nothing is rewritten.
"""

from django.db import migrations

TABLES = ("tasks_process", "tasks_processstep", "tasks_inputstate", "tasks_steplog")
PARAMETERS = ("autovacuum_vacuum_scale_factor", "autovacuum_vacuum_insert_scale_factor",
              "autovacuum_analyze_scale_factor")  # fmt: skip


def set_and_reset(table: str) -> migrations.RunSQL:
    values = ", ".join(f"{name} = 0.02" for name in PARAMETERS)
    return migrations.RunSQL(
        f"ALTER TABLE {table} SET ({values})", f"ALTER TABLE {table} RESET ({', '.join(PARAMETERS)})"
    )


class Migration(migrations.Migration):
    dependencies = [("tasks", "0106_worker_tells")]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '10s'", migrations.RunSQL.noop),
        *map(set_and_reset, TABLES),
    ]
