"""What `/metrics` measures: one query a metric, over tables of all applications."""

# ruff: noqa: S608  every part of these queries stands in this file

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

QUANTILES = ("0.5", "0.95", "0.99")
QUANTILES_SQL = (
    "unnest(ARRAY['0.5', '0.95', '0.99']), unnest(percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY {}))"
)


@dataclass(frozen=True)
class Question:
    """One query, the metric that its rows become (labels first, the value last), and the values of its label."""

    name: str
    help: str
    sql: str
    label: str = ""
    values: Sequence[str] = ()


OPEN = ("created", "running", "suspended", "waiting", "awaiting_callback", "resumed")
FAILED = ("failed", "api_unavailable", "inconsistent_data")
OUTCOMES = ("claimed", "started", "skipped", "missed", "failed")
QUESTIONS = (
    Question(
        "orchestrator_processes", "Processes that have not ended, by status.",
        f"SELECT status, count(*) FROM tasks_process WHERE status IN {OPEN} GROUP BY status", "status", OPEN,
    ),
    Question(
        "orchestrator_processes_failed_last_day", "Processes accepted in the last 24 hours that failed, by status.",
        f"SELECT status, count(*) FROM tasks_process WHERE status IN {FAILED} "
        "AND started_at > now() - interval '1 day' GROUP BY status", "status", FAILED,
    ),
    Question(
        "orchestrator_processes_completed_last_hour", "Processes accepted in the last hour that have completed.",
        "SELECT count(*) FROM tasks_process WHERE status = 'completed' AND started_at > now() - interval '1 hour'",
    ),
    Question(
        "orchestrator_process_duration_seconds", "From first step to end, of processes accepted in the last hour.",
        f"SELECT {QUANTILES_SQL.format('extract(epoch FROM completed_at - first_run_at)')} FROM tasks_process "
        "WHERE status = 'completed' AND started_at > now() - interval '1 hour'", "quantile", QUANTILES,
    ),
    Question(
        "orchestrator_process_wait_seconds", "From acceptance to first step, of processes accepted in the last hour.",
        f"SELECT {QUANTILES_SQL.format('extract(epoch FROM first_run_at - started_at)')} FROM tasks_process "
        "WHERE first_run_at IS NOT NULL AND started_at > now() - interval '1 hour'", "quantile", QUANTILES,
    ),
    Question(
        "orchestrator_schedules", "Schedules by what keeps them.",
        "SELECT CASE WHEN parked_reason <> '' THEN 'parked' WHEN NOT enabled THEN 'paused' "
        "WHEN next_due_at IS NULL THEN 'finished' ELSE 'active' END AS state, count(*) "
        "FROM schedules_schedule GROUP BY state", "state", ("active", "paused", "parked", "finished"),
    ),
    Question(
        "orchestrator_schedule_overdue_seconds", "How long the earliest due time has been waiting to be fired.",
        "SELECT greatest(extract(epoch FROM now() - min(next_due_at)), 0) FROM schedules_schedule "
        "WHERE enabled AND next_due_at IS NOT NULL",
    ),
    Question(
        "orchestrator_occurrences_last_hour", "Due times of the last hour, by outcome.",
        "SELECT outcome, count(*) FROM schedules_occurrence WHERE scheduled_at > now() - interval '1 hour' "
        "AND NOT manual GROUP BY outcome", "outcome", OUTCOMES,
    ),
    Question(
        "orchestrator_fire_lag_seconds", "From due time to firing, of the last hour's due times.",
        f"SELECT {QUANTILES_SQL.format('extract(epoch FROM fired_at - scheduled_at)')} FROM schedules_occurrence "
        "WHERE scheduled_at > now() - interval '1 hour' AND NOT manual AND outcome IN ('started', 'claimed')",
        "quantile", QUANTILES,
    ),
    Question(
        "orchestrator_missed_undecided", "Missed due times that nobody has decided about.",
        "SELECT count(*) FROM schedules_occurrence WHERE outcome = 'missed' AND decided_at IS NULL",
    ),
    Question(
        "orchestrator_queue_jobs", "Jobs in the queue, by status.",
        "SELECT status::text, count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') GROUP BY status",
        "status", ("todo", "doing"),
    ),
    Question(
        "orchestrator_queue_age_seconds", "How long the process that has been queued for longest has been waiting.",
        # Not "ORDER BY … LIMIT 1": that would be looked for along all of history, from its beginning.
        "SELECT greatest(extract(epoch FROM now() - min(last_modified_at)), 0) FROM tasks_process "
        "WHERE status IN ('created', 'resumed')",
    ),
    Question(
        "orchestrator_alive", "Workers and schedulers whose last heartbeat is at most 15 seconds old.",
        "SELECT 'worker', count(*) FROM tasks_workerinstance WHERE heartbeat_at > now() - interval '15 s' UNION ALL "
        "SELECT 'scheduler', count(*) FROM schedules_schedulerinstance WHERE heartbeat_at > now() - interval '15 s'",
        "role", ("worker", "scheduler"),
    ),
    Question(
        "orchestrator_worker_slots", "Places for processes in all living workers, by whether one runs there.",
        "SELECT unnest(ARRAY['busy', 'free']), unnest(ARRAY[sum(busy), sum(concurrency - busy)]) "
        "FROM tasks_workerinstance WHERE heartbeat_at > now() - interval '15 s'", "state", ("busy", "free"),
    ),
    Question(
        "orchestrator_engine_locked", "1 while the engine is locked.",
        "SELECT count(*) FROM tasks_enginesettings WHERE global_lock",
    ),
    Question(
        "orchestrator_database_connections", "Connections to this database.",
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()",
    ),
    Question(
        "orchestrator_database_size_bytes", "Size of this database on disk.",
        "SELECT pg_database_size(current_database())",
    ),
)  # fmt: skip
