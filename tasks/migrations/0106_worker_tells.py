"""Workers tell live pages by themselves what they change under a lease, after the commit. Workers of before are told."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tasks", "0105_process_started_as")]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '10s'", migrations.RunSQL.noop),
        pgtrigger.migrations.RemoveTrigger(
            model_name="process",
            name="tell_changed",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="process",
            trigger=pgtrigger.compiler.Trigger(
                name="tell_changed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN ((OLD.status, OLD.current_step, OLD.note) IS DISTINCT FROM (NEW.status, NEW.current_step, NEW.note) AND (OLD.note IS DISTINCT FROM NEW.note OR COALESCE(OLD.lease_token, NEW.lease_token) IS NULL OR current_setting('orchestrator.tells', true) IS DISTINCT FROM 'by itself'))",
                    func="PERFORM pg_notify('orchestrator_process', NEW.process_id::text); RETURN NULL;",
                    hash="793360c6f28cb269940d3beb1ffbb8d1705399db",
                    operation='UPDATE OF "status", "current_step", "note"',
                    pgid="pgtrigger_tell_changed_5ffbb",
                    table="tasks_process",
                    when="AFTER",
                ),
            ),
        ),
    ]
