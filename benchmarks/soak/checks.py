"""What must hold in the database after a soak, as SQL: each statement returns the rows that violate a guarantee."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from tests.system import System

CHECKS: dict[str, str] = {
    "1: a due time of an unedited schedule has exactly one occurrence": """
        SELECT s.name, due, count(o.id)
          FROM schedules_schedule s
          CROSS JOIN LATERAL generate_series((s.trigger_kwargs->>'start_date')::timestamptz,
                                             coalesce(s.next_due_at, s.paused_at) - interval '1 ms',
                                             make_interval(secs => (s.trigger_kwargs->>'seconds')::int)) due
          LEFT JOIN schedules_occurrence o ON o.schedule_id = s.id AND o.scheduled_at = due AND NOT o.manual
         WHERE s.name LIKE 'steady %%' GROUP BY 1, 2 HAVING count(o.id) <> 1""",
    "1: there is no occurrence of a time that was not due": """
        SELECT s.name, o.scheduled_at FROM schedules_occurrence o JOIN schedules_schedule s ON s.id = o.schedule_id
         WHERE s.name LIKE 'steady %%' AND NOT o.manual
           AND mod(extract(epoch FROM o.scheduled_at - (s.trigger_kwargs->>'start_date')::timestamptz),
                   (s.trigger_kwargs->>'seconds')::int) <> 0""",
    "1: an occurrence that started has exactly one process": """
        SELECT o.id, o.outcome, count(p.process_id) FROM schedules_occurrence o
          JOIN schedules_schedule s ON s.id = o.schedule_id AND s.function = ''
          LEFT JOIN tasks_process p ON p.occurrence_id = o.id
         GROUP BY 1, 2 HAVING count(p.process_id) <> (o.outcome = 'started')::int""",
    "1: what did not start says why": """
        SELECT id, outcome FROM schedules_occurrence WHERE outcome NOT IN ('started', 'claimed') AND reason = ''""",
    "1: no function, none of which fails by itself, failed because of a fault": """
        SELECT o.id, s.function, o.detail, o.traceback FROM schedules_occurrence o
          JOIN schedules_schedule s ON s.id = o.schedule_id AND s.function <> '' WHERE o.outcome = 'failed'""",
    "1: nothing that passed is still to be written into the ledger": """
        SELECT schedule_id, after, before FROM schedules_backlog""",
    "1: a cursor is in the future, unless the schedule is paused": """
        SELECT name, next_due_at FROM schedules_schedule
         WHERE enabled AND function = '' AND next_due_at < now() - interval '30 s'""",
    "3: no result of a step is there twice": """
        SELECT process_id, position, parent_id, count(*) FROM tasks_processstep
         WHERE status IN ('success', 'skipped', 'complete') GROUP BY 1, 2, 3 HAVING count(*) > 1""",
    "3: results have no gaps": """
        SELECT process_id, count(*), max(position) FROM tasks_processstep
         WHERE parent_id IS NULL AND status IN ('success', 'skipped', 'complete')
         GROUP BY 1 HAVING count(*) <> max(position) + 1""",
    "3: what is completed has an end, and what has an end is completed": """
        SELECT p.process_id, p.status FROM tasks_process p
         WHERE (p.status = 'completed') <> EXISTS (SELECT FROM tasks_processstep s
                                                    WHERE s.process_id = p.process_id AND s.status = 'complete')""",
    "3: a step began never again after its result was committed": """
        SELECT t.process_id, t.name, t.at, s.completed_at FROM trace t
          JOIN tasks_processstep s ON s.process_id = t.process_id AND s.name = t.name AND s.parent_id IS NULL
           AND s.status = 'success' WHERE t.at > s.completed_at""",
    "3: every result of a step was traced": """
        SELECT s.process_id, s.name FROM tasks_processstep s WHERE s.status = 'success' AND s.parent_id IS NULL
           AND s.name LIKE 'Stride %%'
           AND NOT EXISTS (SELECT FROM trace t WHERE t.process_id = s.process_id AND t.name = s.name)""",
    "3: a plain step ran as often as the history says": """
        SELECT t.process_id, t.name, count(*), p.status, p.crashes FROM trace t JOIN tasks_process p USING (process_id)
         WHERE t.name NOT LIKE 'item %%' AND t.name <> 'Try'
         GROUP BY 1, 2, 4, 5 HAVING count(*) > (
               SELECT coalesce(sum(s.attempts), 0) FROM tasks_processstep s
                WHERE s.process_id = t.process_id AND s.name = t.name)""",
    "3: what a step wrote is there once, and only with its result": """
        SELECT p.process_id, count(DISTINCT s.id), count(DISTINCT w.product_id) FROM tasks_process p
          JOIN tasks_workflow f ON f.workflow_id = p.workflow_id AND f.name = 'soak_writing'
          LEFT JOIN tasks_processstep s ON s.process_id = p.process_id AND s.name = 'Write' AND s.status = 'success'
          LEFT JOIN tasks_product w ON w.name = p.process_id || ' written'
         GROUP BY 1 HAVING count(DISTINCT s.id) <> count(DISTINCT w.product_id)""",
    "3: the state counts what was done": """
        SELECT process_id, max((state->>'counter')::int), count(*) FROM tasks_processstep
         WHERE status = 'success' AND name LIKE 'Stride %%' GROUP BY 1
        HAVING max((state->>'counter')::int) <> count(*)""",
    "4: nothing is still queued or running": """
        SELECT process_id, status, worker, lease_expires_at FROM tasks_process
         WHERE status IN ('created', 'resumed', 'running')""",
    "4: what waits will be retried": """
        SELECT process_id, retry_at FROM tasks_process WHERE status = 'waiting'
           AND (retry_at IS NULL OR retry_at < now() - interval '60 s')""",
    "4: what failed says why, and at which step": """
        SELECT p.process_id, p.status FROM tasks_process p
         WHERE p.status IN ('failed', 'waiting') AND (p.failed_reason = '' OR NOT EXISTS (
               SELECT FROM tasks_processstep s WHERE s.process_id = p.process_id
                  AND s.status IN ('failed', 'waiting')))""",
    "4: no job is left behind": """
        SELECT id, status, queueing_lock, args FROM procrastinate_jobs""",
    "accepted: every start that was answered with 201 is there": """
        SELECT a.process_id FROM accepted a LEFT JOIN tasks_process p USING (process_id) WHERE p.process_id IS NULL""",
    "accepted: every process has its inputs": """
        SELECT process_id FROM tasks_process p WHERE NOT EXISTS (
               SELECT FROM tasks_inputstate i WHERE i.process_id = p.process_id AND i.input_type = 'initial')""",
}


def violations(system: System, trace: Path, accepted: set[str]) -> dict[str, list[tuple[Any, ...]]]:
    """Load the traces and what was accepted into the database and return, by check, the rows that violate it."""
    from tests.databases import connect

    found = {}
    with connect(system.database) as connection:
        connection.execute("CREATE TABLE trace (process_id uuid, name text, at timestamptz)")
        connection.execute("CREATE TABLE accepted (process_id uuid)")
        with connection.cursor().copy("COPY trace FROM STDIN") as copy:
            for line in trace.read_text().splitlines() if trace.exists() else ():
                key, name, at = line.split("\t")
                copy.write_row((key, name, _moment(at)))
        with connection.cursor().copy("COPY accepted FROM STDIN") as copy:
            for key in accepted:
                copy.write_row((key,))
        connection.execute("CREATE INDEX ON trace (process_id, name)")
        connection.execute("ANALYZE")
        for name, statement in CHECKS.items():
            if rows := connection.execute(statement.replace("%%", "%")).fetchall():  # type: ignore[arg-type]
                found[name] = [*rows[:3], *_history(connection, rows[0][0])]
    return found


def _history(connection: psycopg.Connection, key: Any) -> list[tuple[Any, ...]]:
    """What the database knows of a process, to understand a violation; nothing when `key` is not one's."""
    if not isinstance(key, UUID):
        return []
    rows: list[tuple[Any, ...]] = []
    for statement in (
        "SELECT 'process', name, status, current_step, current_step_started_at::text, crashes, commits, worker, "
        "failed_reason, started_at::text, last_modified_at::text FROM tasks_process JOIN tasks_workflow "
        "USING (workflow_id) WHERE process_id = %s",
        "SELECT 'step', position, name, status, attempts, started_at::text, completed_at::text, left(state::text, 200) "
        "FROM tasks_processstep WHERE process_id = %s ORDER BY id",
        "SELECT 'trace', name, at::text FROM trace WHERE process_id = %s ORDER BY at",
    ):
        rows += connection.execute(statement, (key,)).fetchall()  # type: ignore[arg-type]
    return rows


def _moment(seconds: str) -> str:
    return datetime.fromtimestamp(float(seconds), UTC).isoformat()
