"""Fills a database with the history of years, by plain SQL: without triggers, and with indexes built afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from accounts.models import Action, User, WorkflowGrant
from accounts.permissions import ROLES
from benchmarks.catalogue import DESCRIPTION, NAMES, STEP_NAMES
from schedules.models import Occurrence, Schedule
from tasks.models import InputState, Process, ProcessStep, StepLog, Workflow

SCHEDULES = 10_000
STEPS = len(STEP_NAMES)
LINES = 2
ACTIVE = 200
SKIPPED_EACH = 5
SECONDS_APART = 30
TEAM = "team-amsterdam"
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
    """Add people, tasks, schedules, and `processes` processes, one every 30 seconds until now.

    Each has five steps, its inputs and two lines of log. Four in five were started by schedules and have an occurrence;
    nine in ten completed, one in twenty failed, the newest two hundred are still going. Some minutes and 2.4 GB a
    million.
    """
    people = add_people()
    add_tasks()
    add_schedules(SCHEDULES)
    with _indexes_afterwards():
        by = {"created_by_id": f"CASE WHEN s.id IS NULL THEN (ARRAY{people})[1 + n / 5 % {len(people)}] END"}
        _add(Process, PROCESS | by, PROCESS_SOURCE.format(count=processes, apart=SECONDS_APART))
        _add(ProcessStep, STEP, STEP_SOURCE)
        _add(InputState, INPUT, "tasks_process p")
        _add(StepLog, LINE, f"tasks_process p, generate_series(1, {LINES}) n")
        _add(Occurrence, OCCURRENCE, "tasks_process p WHERE p.occurrence_id IS NOT NULL")
        _add(Occurrence, SKIPPED, f"schedules_schedule s, generate_series(1, {SKIPPED_EACH}) n")
    for model in HISTORY:
        _timed(f"VACUUM ANALYZE {model._meta.db_table}")


def add_people() -> list[int]:
    """Add somebody of each role, and somebody who sees the tasks of one site alone; return their keys."""
    people = []
    for role in ROLES:
        user, _ = User.objects.get_or_create(username=f"bench-{role}")
        user.groups.add(Group.objects.get_or_create(name=role)[0])
        people.append(user.pk)
    team, _ = Group.objects.get_or_create(name=TEAM)
    member, _ = User.objects.get_or_create(username=f"bench-{TEAM}")
    member.groups.add(team)
    for name in NAMES:
        if name.endswith("_amsterdam"):
            WorkflowGrant.objects.get_or_create(workflow_name=name, group=team, action=Action.START)
    return [*people, member.pk]


def add_tasks() -> None:
    """Add the rows that a migration would add for the tasks of the catalogue."""
    names = ", ".join(f"'{name}'" for name in NAMES)
    _add(Workflow, WORKFLOW, f"unnest(ARRAY[{names}]) AS name", "ON CONFLICT DO NOTHING")


def add_schedules(count: int) -> None:
    """Add `count` schedules, the first of which is due in a day."""
    _add(Schedule, SCHEDULE, f"generate_series(1, {count}) n, (SELECT ARRAY{list(NAMES)} AS names) w")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE schedules_schedule")


WORKFLOW = {"workflow_id": "uuidv7()", "name": "name", "target": "'SYSTEM'", "description": f"'{DESCRIPTION}'"}
SCHEDULE = {
    "id": "uuidv7()",
    "name": "'Devices of rack ' || n",
    "workflow_name": "w.names[1 + n % array_length(w.names, 1)]",
    "system": "true",
    "enabled": "n % 50 <> 3",
    "tags": "CASE WHEN n % 10 = 0 THEN '{core}' WHEN n % 10 = 5 THEN '{edge,lab}' ELSE '{}' END::varchar[]",
    "trigger": "'cron'",
    "trigger_kwargs": """'{"expression": "30 1 * * *"}'""",
    "time_zone": "'UTC'",
    "next_due_at": "CASE WHEN n % 50 <> 3 THEN now() + interval '1 day' + n * interval '9 s' END",
    "catch_up": "'latest'",
    "overlap": "'allow'",
}
GOING = f"n <= {ACTIVE}"
RUNNING = f"{GOING} AND n % 4 = 0"
FAILED = f"NOT ({GOING}) AND r % 20 = 7"
PROCESS = {
    "process_id": "uuidv7(at - now())",
    "workflow_id": "w.workflow_id",
    "status": f"""CASE WHEN {GOING} THEN (ARRAY['running', 'waiting', 'waiting', 'created'])[1 + n % 4]
        WHEN r % 20 = 7 THEN 'failed' WHEN r % 20 = 8 THEN 'aborted' ELSE 'completed' END""",
    "started_at": "at",
    "first_run_at": f"CASE WHEN NOT ({GOING}) OR n % 4 < 3 THEN at + interval '20 ms' END",
    "last_modified_at": "at + interval '1 s' * (5 + r % 7)",
    "completed_at": f"CASE WHEN NOT ({GOING}) AND r % 20 <> 7 THEN at + interval '1 s' * (5 + r % 7) END",
    "failed_reason": f"""CASE WHEN {FAILED} THEN (ARRAY['ams', 'fra', 'lon', 'par', 'vie'])[1 + n % 5] || '-core-'
        || n % 97 || ': ' || (ARRAY['connection timed out', 'connection refused by peer', 'inventory differs in ' || n
        || ' places', 'certificate of the device has expired'])[1 + r / 20 % 4] ELSE '' END""",
    "traceback": f"CASE WHEN {FAILED} THEN repeat('  File \"tasks.py\", line 1, in work' || chr(10), 20) ELSE '' END",
    "note": "CASE WHEN r % 100 = 7 THEN 'Known, see ticket NET-' || n WHEN r % 500 = 9 THEN 'Run by hand' ELSE '' END",
    "origin": "CASE WHEN s.id IS NULL THEN 'page' ELSE 'schedule' END",
    "schedule_id": "s.id",
    "occurrence_id": "CASE WHEN s.id IS NOT NULL THEN uuidv7(at - now()) END",
    "queue": "'default'",
    "assignee": "'SYSTEM'",
    "current_step": f"CASE WHEN {RUNNING} THEN '{STEP_NAMES[3]}' ELSE '' END",
    "current_step_started_at": f"CASE WHEN {RUNNING} THEN at + interval '4 s' END",
    "lease_token": f"CASE WHEN {RUNNING} THEN gen_random_uuid() END",
    "lease_expires_at": f"CASE WHEN {RUNNING} THEN now() + interval '1 day' END",
}
# The oldest first, as they would have come.
PROCESS_SOURCE = (
    """
    (SELECT {count} - i AS n FROM generate_series(0, {count} - 1) i) numbers
    CROSS JOIN LATERAL (SELECT now() - n * interval '{apart} s' AS at, abs(hashint4(n::int)) AS r) t
    LEFT JOIN (SELECT row_number() OVER (ORDER BY id) - 1 AS k, id, workflow_name
        FROM schedules_schedule WHERE job_id IS NULL) s
        ON s.k = (n - n / 5) % (SELECT count(*) FROM schedules_schedule WHERE job_id IS NULL) AND n % 5 > 0
    JOIN (SELECT row_number() OVER (ORDER BY name) - 1 AS k, count(*) OVER () AS all_of_them, workflow_id, name
        FROM tasks_workflow WHERE description = '"""
    + DESCRIPTION
    + """') w
        ON CASE WHEN s.id IS NULL THEN w.k = n / 5 % w.all_of_them ELSE w.name = s.workflow_name END
    ORDER BY n DESC
"""
)
STEP_SOURCE = f"""
    tasks_process p, unnest(ARRAY{list(STEP_NAMES)}) WITH ORDINALITY AS s (name, k), LATERAL (SELECT k - 1 AS n) t
    WHERE p.status <> 'created' AND (p.completed_at IS NOT NULL OR p.status = 'failed' OR n < 3)
"""
STEP = {
    "process_id": "p.process_id",
    "position": "n",
    "name": "s.name",
    "status": f"""CASE WHEN p.status IN ('failed', 'aborted') AND n = {STEPS - 1} THEN 'failed'
        WHEN p.status = 'waiting' AND n = 2 THEN 'waiting' WHEN n = {STEPS - 1} THEN 'complete'
        ELSE 'success' END""",
    "state": """'{"devices": 214, "site": "amsterdam", "reachable": 213}'""",
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
SKIPPED = {
    "id": "uuidv7(- n * interval '30 h')",
    "schedule_id": "s.id",
    "scheduled_at": "now() - n * interval '30 h' + interval '1 ms'",
    "outcome": "CASE WHEN n = 4 THEN 'missed' ELSE 'skipped' END",
    "reason": "CASE WHEN n = 4 THEN 'paused' ELSE 'overlap' END",
    "fired_at": "now() - n * interval '30 h' + interval '15 ms'",
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
