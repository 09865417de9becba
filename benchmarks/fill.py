"""Fills a database with the history of years: processes, steps and schedules, by plain SQL, without triggers."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from schedules.models import Schedule
from tasks.models import Process, ProcessStep, Workflow

WORKFLOWS = 20
SCHEDULES = 10_000
STEPS = 5
SECONDS_APART = 30

# What a column holds that is not named here and must not be empty.
EMPTY: dict[type[models.Field], str] = {  # type: ignore[type-arg]
    ArrayField: "'{}'",
    models.BooleanField: "false",
    models.CharField: "''",
    models.TextField: "''",
    models.JSONField: "'[]'",
    models.DateTimeField: "now()",
}


def fill(processes: int) -> None:
    """Add `processes` processes with five steps each, one every 30 seconds back from now, and the schedules."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        given = {"workflow_id": "gen_random_uuid()", "name": "'task_bench_' || n", "target": "'SYSTEM'"}
        cursor.execute(_insert(Workflow, given, f"generate_series(1, {WORKFLOWS}) n") + " ON CONFLICT DO NOTHING")
        cursor.execute(_insert(Process, PROCESS, PROCESS_SOURCE.format(count=processes, apart=SECONDS_APART)))
        cursor.execute(_insert(ProcessStep, STEP, f"tasks_process p, generate_series(0, {STEPS - 1}) n"))
        cursor.execute("SET session_replication_role = origin")
    add_schedules(SCHEDULES)


def add_schedules(count: int) -> None:
    """Add `count` schedules, the first of which is due in a day."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(_insert(Schedule, SCHEDULE, f"generate_series(1, {count}) n"))
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")


# Nine in ten completed, one in twenty failed.
PROCESS = {
    "process_id": "gen_random_uuid()",
    "workflow_id": "w.ids[1 + n % array_length(w.ids, 1)]",
    "status": "CASE WHEN n % 20 = 7 THEN 'failed' WHEN n % 20 = 8 THEN 'aborted' ELSE 'completed' END",
    "started_at": "at",
    "first_run_at": "at",
    "last_modified_at": "at + interval '5 s'",
    "completed_at": "at + interval '5 s'",
    "failed_reason": "CASE WHEN n % 20 = 7 THEN 'ams-core-' || n % 97 || ': connection timed out' ELSE '' END",
    "origin": "'schedule'",
    "queue": "'default'",
    "assignee": "'SYSTEM'",
}
PROCESS_SOURCE = """
    generate_series(1, {count}) n,
    LATERAL (SELECT now() - n * interval '{apart} s' AS at) t,
    (SELECT array_agg(workflow_id ORDER BY name) AS ids FROM tasks_workflow WHERE name LIKE 'task_bench_%') w
"""
STEP = {
    "process_id": "p.process_id",
    "position": "n",
    "name": "'Step ' || n",
    "status": f"CASE n WHEN {STEPS - 1} THEN 'complete' ELSE 'success' END",
    "state": """'{"devices": 214}'""",
    "attempts": "1",
    "started_at": "p.started_at + n * interval '1 s'",
    "completed_at": "p.started_at + (n + 1) * interval '1 s'",
}
SCHEDULE = {
    "id": "gen_random_uuid()",
    "name": "'Schedule ' || n",
    "workflow_name": f"'task_bench_' || 1 + n % {WORKFLOWS}",
    "system": "true",
    "enabled": "true",
    "tags": "'{}'",
    "trigger": "'cron'",
    "trigger_kwargs": """'{"expression": "30 1 * * *"}'""",
    "time_zone": "'UTC'",
    "next_due_at": "now() + interval '1 day' + n * interval '9 s'",
    "catch_up": "'latest'",
    "overlap": "'allow'",
}


def _insert(model: type[models.Model], given: dict[str, str], source: str) -> str:
    """Return an INSERT of `given` (column → expression), completed by what else must not be empty."""
    values = dict(given)
    for field in model._meta.concrete_fields:
        if field.column in values or field.null or field.generated or isinstance(field, models.AutoField):
            continue
        kind = next((kind for kind in EMPTY if isinstance(field, kind)), None)
        values[field.column] = EMPTY[kind] if kind else "0"
    return f"INSERT INTO {model._meta.db_table} ({', '.join(values)}) SELECT {', '.join(values.values())} FROM {source}"
