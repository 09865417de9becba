"""Jobs without a worker, processes without a job, and rows of workers that ended without saying so."""

from __future__ import annotations

import structlog

from tasks import limits, queue, sql
from tasks.sweeper.conditions import AT_ONCE, each, grace_is_over, locked

logger = structlog.get_logger(__name__)


def drop_stalled_jobs() -> int:
    """Throw away jobs whose worker is gone: they would hold their locks for ever. Their processes get new ones.

    A worker that was silent for a while is not on the list any more and lives nevertheless, as its leases tell: the
    jobs of what runs there are kept, and with them their locks.
    """
    if not grace_is_over():
        return 0
    rows = sql.fetch(
        "DELETE FROM procrastinate_jobs j WHERE j.status = 'doing' AND j.task_name = %s AND NOT EXISTS ("
        "SELECT FROM procrastinate_workers w WHERE w.id = j.worker_id "
        "AND w.last_heartbeat > now() - interval '30 seconds') AND NOT EXISTS ("
        "SELECT FROM tasks_process p WHERE p.process_id = j.queueing_lock::uuid AND p.status = 'running' "
        "AND p.lease_expires_at > now()) RETURNING id",
        (queue.RUN_PROCESS,),
    )
    return len(rows) + _drop_orphaned_jobs()


def _drop_orphaned_jobs() -> int:
    """Throw away jobs that a living worker took without knowing it: the answer was lost together with the connection.

    Somebody who takes a job claims its process at once; where that is not running half a minute later, nobody did.
    """
    rows = sql.fetch(
        "DELETE FROM procrastinate_jobs j WHERE j.status = 'doing' AND j.task_name = %s AND NOT EXISTS ("
        "SELECT FROM tasks_process p WHERE p.process_id = j.queueing_lock::uuid AND p.status = 'running') AND ("
        "SELECT max(e.at) FROM procrastinate_events e WHERE e.job_id = j.id AND e.type = 'started') "
        "< now() - interval '30 seconds' RETURNING id",
        (queue.RUN_PROCESS,),
    )
    return len(rows)


def requeue() -> int:
    """Give queued processes without a job one: a worker threw it away, for the engine was locked or it died."""
    if locked():
        return 0
    rows = sql.fetch(
        "SELECT p.process_id FROM tasks_process p "
        "WHERE p.status IN ('created', 'resumed') AND p.last_modified_at < now() - interval '10 seconds' "
        "AND NOT p.limited "
        "AND NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.queueing_lock = p.process_id::text "
        "AND j.status IN ('todo', 'doing')) ORDER BY p.started_at LIMIT %s",
        (AT_ONCE * 4,),
    )
    requeued = queue.enqueue_again([process_id for (process_id,) in rows])
    if requeued:
        logger.info("processes_requeued", count=requeued)
    return requeued + _wake_limited()


def _wake_limited() -> int:
    rows = sql.fetch(
        "SELECT DISTINCT w.name FROM tasks_process p JOIN tasks_workflow w USING (workflow_id) "
        "WHERE p.status IN ('created', 'resumed') AND p.limited"
    )
    return each(rows, limits.wake_next)


def forget_workers() -> int:
    """Remove the rows of workers that ended without saying so some time ago."""
    sql.fetch("DELETE FROM tasks_workerinstance WHERE heartbeat_at < now() - interval '10 minutes'")
    sql.fetch("DELETE FROM procrastinate_workers WHERE last_heartbeat < now() - interval '10 minutes'")
    return 0
