"""Takes processes under a lease, alone or together with their jobs, and keeps the leases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError
from psycopg.errors import UniqueViolation

from tasks.news import news
from tasks.queue import RUN_PROCESS
from tasks.sql import fetch, one
from tasks.transitions.conditions import LEASE_SECONDS, LOCKED


@dataclass(frozen=True)
class Claimed:
    """What a worker gets to know when it takes a process. `initial` is JSON text; `led` names steps just recorded."""

    workflow_name: str
    is_task: bool
    commits: int
    crashes: int
    initial: str
    abort_requested_by: str
    has_history: bool
    limited: bool
    current_step: str
    led: Sequence[str] = ()


class Leads:
    """The steps without a function with which workflows begin, and what comes after them; by name of the workflow."""

    def __init__(self, found: Mapping[str, tuple[Sequence[str], str]] = MappingProxyType({})) -> None:
        self._found = {name: tuple(steps) for name, (steps, _next) in found.items()}
        self.as_json = json.dumps({name: [after, *steps] for name, (steps, after) in found.items()})

    def of(self, workflow_name: str) -> Sequence[str]:
        """Return the names of the steps with which a workflow begins."""
        return self._found.get(workflow_name, ())


@dataclass(frozen=True)
class Taken:
    """A job that a worker took from the queue, together with its process where that could be claimed at once.

    `locked` tells whether it holds a lock.
    """

    job_id: int
    process_id: UUID | None
    locked: bool
    claimed: Claimed | None = None


_ONE_PER_LOCK: Final = "procrastinate_jobs_lock_idx_v1"
"""The index by which Procrastinate lets one job of a lock run at a time."""

_LEASE: Final = f"""
   SET status = 'running', current_step = {{step}}, lease_token = %(token)s,
       lease_expires_at = now() + make_interval(secs => {LEASE_SECONDS}), worker = %(worker)s,
       first_run_at = COALESCE(p.first_run_at, now()), last_modified_at = now(), current_step_started_at = now(),
       retry_at = NULL"""
_KNOWN: Final = """
RETURNING w.name, w.is_task, p.commits, p.crashes,
          (SELECT i.state FROM tasks_inputstate i
            WHERE i.process_id = p.process_id AND i.input_type = 'initial' LIMIT 1) AS initial,
          p.abort_requested_by, EXISTS (SELECT FROM tasks_processstep s WHERE s.process_id = p.process_id) AS begun,
          p.limited, p.current_step"""

_CLAIM: Final = f"""
UPDATE tasks_process AS p{_LEASE.format(step="p.current_step")}
  FROM tasks_workflow AS w
 WHERE p.process_id = %(process_id)s AND w.workflow_id = p.workflow_id
   AND (p.status IN ('created', 'resumed') AND NOT {LOCKED} AND (NOT p.limited OR %(admitted)s)
        OR p.status = 'running' AND p.lease_token = %(token)s)
{_KNOWN}"""

_STEP_AFTER_LEAD: Final = """COALESCE(
        CASE WHEN NOT EXISTS (SELECT FROM tasks_processstep s WHERE s.process_id = p.process_id)
             THEN %(leads)s::jsonb -> w.name ->> 0 END, p.current_step)"""

_TAKE: Final = f"""
WITH job AS MATERIALIZED (
    SELECT id, CASE WHEN task_name = '{RUN_PROCESS}' THEN (args->>'process_id')::uuid END AS process_id,
           lock IS NOT NULL AS locked
      FROM procrastinate_fetch_job_v2(%(queues)s::varchar[], %(queue_worker)s)
), claimed AS (
    UPDATE tasks_process AS p{_LEASE.format(step=_STEP_AFTER_LEAD)}
      FROM job, tasks_workflow AS w
     WHERE p.process_id = job.process_id AND w.workflow_id = p.workflow_id
       AND (p.status = 'created' OR p.status = 'resumed'
            AND EXISTS (SELECT FROM tasks_processstep s WHERE s.process_id = p.process_id))
       AND NOT {LOCKED} AND NOT p.limited
    {_KNOWN}
), led AS (
    INSERT INTO tasks_processstep
           (process_id, position, name, status, state, attempts, started_at, completed_at, commit_hash)
    SELECT job.process_id, lead.place - 2, lead.name, 'success', COALESCE(claimed.initial, '{{}}'), 1, now(), now(), ''
      FROM job, claimed,
           jsonb_array_elements_text(%(leads)s::jsonb -> claimed.name) WITH ORDINALITY AS lead (name, place)
     WHERE lead.place > 1 AND NOT claimed.begun ORDER BY lead.place
)
SELECT job.id, job.process_id, claimed.*, job.locked FROM job LEFT JOIN claimed ON true WHERE job.id IS NOT NULL
"""  # noqa: S608


def take(
    queues: Sequence[str] | None, queue_worker: int, token: UUID, worker: str, leads: Leads | None = None
) -> Taken | None:
    """Take the next job of the queue, by Procrastinate's own function, and claim its process in the same statement.

    Of a new process of a workflow in `leads` the first steps are recorded along with that. None when no job waits. A
    process that cannot be claimed so (its workflow has a limit, the engine is locked, it was queued this very moment)
    has `claimed` None: ask `claim`. So has one that ran before and whose steps are not to be seen: the function sees
    jobs that are newer than the statement around it, and a process may have begun and been handed back in between.
    """
    leads = leads or Leads()
    row = _took(
        {"queues": queues, "queue_worker": queue_worker, "token": token, "worker": worker, "leads": leads.as_json}
    )
    if row is None:
        return None
    job_id, process_id, *known, locked = row
    if known[0] is None:
        return Taken(job_id, process_id, locked)
    news.of(process_id)
    claimed = _claimed(known)
    led = () if claimed.has_history else leads.of(claimed.workflow_name)
    return Taken(job_id, process_id, locked, replace(claimed, led=led))


_TAKE_JOB: Final = f"""
SELECT id, CASE WHEN task_name = '{RUN_PROCESS}' THEN (args->>'process_id')::uuid END, lock IS NOT NULL
  FROM procrastinate_fetch_job_v2(%(queues)s::varchar[], %(queue_worker)s) WHERE id IS NOT NULL"""  # noqa: S608


def take_job(queues: Sequence[str] | None, queue_worker: int) -> Taken | None:
    """Take the next job without its process, which the database may refuse to give. None when no job waits."""
    row = _took({"queues": queues, "queue_worker": queue_worker}, _TAKE_JOB)
    return None if row is None else Taken(*row)


def _took(parameters: Mapping[str, Any], statement: str = _TAKE) -> tuple[Any, ...] | None:
    """Take, again when another worker took a job of the same lock at the same moment: it has committed, we see it."""
    while True:
        try:
            return one(statement, parameters)
        except IntegrityError as error:
            refused = error.__cause__
            if not isinstance(refused, UniqueViolation) or refused.diag.constraint_name != _ONE_PER_LOCK:
                raise


def taken(token: UUID) -> Taken | None:
    """Return what `take` has taken with this token, where its answer did not arrive."""
    row = one(
        "SELECT j.id, p.process_id, j.lock IS NOT NULL FROM tasks_process p JOIN procrastinate_jobs j "
        "ON j.queueing_lock = p.process_id::text AND j.status = 'doing' "
        "WHERE p.status = 'running' AND p.lease_token = %s",
        (token,),
    )
    if row is None:
        return None
    news.of(row[1])
    return Taken(*row)


def claim(process_id: UUID, token: UUID, worker: str, *, admitted: bool = False) -> Claimed | None:
    """Take a queued process under a new lease; None when it is not queued, or the engine is locked.

    One whose workflow limits how many run at once is taken only when it was `admitted`: see `limits.py`.
    Asked again with the same token after an uncertain answer, it answers the same.
    """
    row = one(_CLAIM, {"process_id": process_id, "token": token, "worker": worker, "admitted": admitted})
    if row is None:
        return None
    news.of(process_id)
    return _claimed(row)


def _claimed(row: Sequence[Any]) -> Claimed:
    name, is_task, commits, crashes, initial, *others = row
    return Claimed(name, is_task, commits, crashes, initial or "{}", *others)


def begin_step(process_id: UUID, token: UUID, step: str) -> None:
    """Say which step comes now, so that a crash can be told by its name. Part of the claim's transaction."""
    fetch(
        "UPDATE tasks_process SET current_step = %s WHERE process_id = %s AND lease_token = %s",
        (step, process_id, token),
    )
    news.of(process_id)


def renew(tokens: dict[UUID, UUID]) -> set[UUID]:
    """Prolong the leases of processes (id → token) and return the ids of those that are still held."""
    rows = fetch(
        f"""
        UPDATE tasks_process p SET lease_expires_at = now() + make_interval(secs => {LEASE_SECONDS})
          FROM unnest(%s::uuid[], %s::uuid[]) AS held (process_id, token)
         WHERE p.process_id = held.process_id AND p.lease_token = held.token AND p.status = 'running'
        RETURNING p.process_id""",  # noqa: S608
        (list(tokens), list(tokens.values())),
    )
    return {row[0] for row in rows}
