"""The four roles; the shared cache and the counters of API requests, which need not survive a crash: unlogged."""

from django.core.management import call_command
from django.db import migrations

ROLES = ("viewer", "operator", "scheduler", "admin")


def make_roles(apps, schema_editor):
    group = apps.get_model("auth", "Group")
    for name in ROLES:
        group.objects.using(schema_editor.connection.alias).get_or_create(name=name)


def make_cache_table(apps, schema_editor):
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)
    schema_editor.execute("ALTER TABLE IF EXISTS orchestrator_cache SET UNLOGGED")


def drop_cache_table(apps, schema_editor):
    schema_editor.execute("DROP TABLE IF EXISTS orchestrator_cache")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("auth", "0012_alter_user_first_name_max_length")]

    operations = [
        migrations.RunPython(make_roles, migrations.RunPython.noop),
        migrations.RunPython(make_cache_table, drop_cache_table),
        migrations.RunSQL(
            "CREATE UNLOGGED TABLE accounts_rate (key text PRIMARY KEY, period bigint NOT NULL, taken bigint NOT NULL)",
            "DROP TABLE accounts_rate",
        ),
    ]
