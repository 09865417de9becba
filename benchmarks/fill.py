"""Fills a database with the history of years, by plain SQL: without triggers, and with indexes built afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from schedules.models import Occurrence, Schedule
from tasks.models import InputState, Process, ProcessStep, StepLog, Workflow

WORKFLOWS = 20
SCHEDULES = 10_000
STEPS = 5
LINES = 2
SECONDS_APART = 30
HISTORY: tuple[type[models.Model], ...] = (Process, ProcessStep, InputState, StepLog, Occurrence)

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
    """Add schedules, and `processes` processes that they started, one every 30 seconds until now.

    Each has five steps, its inputs, two lines of log and its occurrence. Twelve minutes and 2.4 GB a million.
    """
    given = {"workflow_id": "uuidv7()", "name": "'task_bench_' || n", "target": "'SYSTEM'"}
    _add(Workflow, given, f"generate_series(1, {WORKFLOWS}) n", "ON CONFLICT DO NOTHING")
    add_schedules(SCHEDULES)
    with _indexes_afterwards():
        _add(Process, PROCESS, PROCESS_SOURCE.format(count=processes, apart=SECONDS_APART))
        _add(ProcessStep, STEP, f"tasks_process p, generate_series(0, {STEPS - 1}) n")
        _add(InputState, INPUT, "tasks_process p")
        _add(StepLog, LINE, f"tasks_process p, generate_series(1, {LINES}) n")
        _add(Occurrence, OCCURRENCE, "tasks_process p")
    for model in HISTORY:
        _timed(f"VACUUM ANALYZE {model._meta.db_table}")


def add_schedules(count: int) -> None:
    """Add `count` schedules, the first of which is due in a day."""
    _add(Schedule, SCHEDULE, f"generate_series(1, {count}) n")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE schedules_schedule")


# Nine in ten completed, one in twenty failed.
PROCESS = {
    "process_id": "uuidv7(at - now())",
    "workflow_id": "w.ids[1 + n % array_length(w.ids, 1)]",
    "status": "CASE WHEN n % 20 = 7 THEN 'failed' WHEN n % 20 = 8 THEN 'aborted' ELSE 'completed' END",
    "started_at": "at",
    "first_run_at": "at",
    "last_modified_at": "at + interval '5 s'",
    "completed_at": "CASE WHEN n % 20 <> 7 THEN at + interval '5 s' END",
    "failed_reason": "CASE WHEN n % 20 = 7 THEN 'ams-core-' || n % 97 || ': connection timed out' ELSE '' END",
    "origin": "'schedule'",
    "schedule_id": "s.ids[1 + n % array_length(s.ids, 1)]",
    "occurrence_id": "uuidv7(at - now())",
    "queue": "'default'",
    "assignee": "'SYSTEM'",
}
PROCESS_SOURCE = """
    (SELECT {count} - i AS n FROM generate_series(0, {count} - 1) i) numbers,
    LATERAL (SELECT now() - n * interval '{apart} s' AS at) t,
    (SELECT array_agg(workflow_id ORDER BY name) AS ids FROM tasks_workflow WHERE name LIKE 'task_bench_%') w,
    (SELECT array_agg(id ORDER BY id) AS ids FROM schedules_schedule WHERE name LIKE 'Schedule %') s
"""
STEP = {
    "process_id": "p.process_id",
    "position": "n",
    "name": "'Step ' || n",
    "status": f"CASE WHEN n < {STEPS - 1} THEN 'success' WHEN p.status = 'failed' THEN 'failed' ELSE 'complete' END",
    "state": """'{"devices": 214}'""",
    "attempts": "1",
    "started_at": "p.started_at + n * interval '1 s'",
    "completed_at": "p.started_at + (n + 1) * interval '1 s'",
}
INPUT = {"process_id": "p.process_id", "input_type": "'initial'", "state": "'{}'", "created_at": "p.started_at"}
LINE = {
    "process_id": "p.process_id",
    "position": "1",
    "at": "p.started_at + n * interval '300 ms'",
    "level": "'info'",
    "message": "'214 devices answered within ' || n || ' s'",
}
OCCURRENCE = {
    "id": "p.occurrence_id",
    "schedule_id": "p.schedule_id",
    "scheduled_at": "p.started_at",
    "outcome": "'started'",
    "fired_at": "p.started_at + interval '12 ms'",
    "finished_at": "p.started_at + interval '12 ms'",
}
SCHEDULE = {
    "id": "uuidv7()",
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


@contextmanager
def _indexes_afterwards() -> Iterator[None]:
    """Let inserts leave the indexes of the history alone, and build them all again at the end."""
    tables = ", ".join(f"'{model._meta.db_table}'::regclass" for model in HISTORY)
    with connection.cursor() as cursor:
        # The catalogue may be written by a superuser only, as the benchmark is on its own server.
        cursor.execute(f"UPDATE pg_index SET indisready = false WHERE indrelid IN ({tables})")
        cursor.execute("SET maintenance_work_mem = '1GB'")
    yield
    for model in HISTORY:
        _timed(f"REINDEX TABLE {model._meta.db_table}")


def _add(model: type[models.Model], given: dict[str, str], source: str, ending: str = "") -> None:
    """INSERT `given` (column → expression), completed by what else must not be empty, without firing triggers."""
    values = dict(given)
    for field in model._meta.concrete_fields:
        if field.column in values or field.null or field.generated or isinstance(field, models.AutoField):
            continue
        kind = next((kind for kind in EMPTY if isinstance(field, kind)), None)
        values[field.column] = EMPTY[kind] if kind else "0"
    columns, expressions = ", ".join(values), ", ".join(values.values())
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        _timed(f"INSERT INTO {model._meta.db_table} ({columns}) SELECT {expressions} FROM {source} {ending}")
        cursor.execute("SET session_replication_role = origin")


def _timed(statement: str) -> None:
    """Run a statement, and say how long it took when that was long."""
    begun = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(statement)
    if (passed := time.monotonic() - begun) > 5:
        print(f"  {' '.join(statement.split()[:3])}: {passed:.0f} s", flush=True)
