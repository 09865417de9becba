"""Completes the step that a process waits at, with what a person or another system gave."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tasks import queue, registry, sql, transitions
from tasks.engine import place
from tasks.exceptions import DefinitionChanged, StepError
from tasks.state import dumps, loads
from tasks.statuses import ProcessStatus, StepStatus
from tasks.steps import Kind, Step, merged

_WAITING = (StepStatus.SUSPEND, StepStatus.AWAITING_CALLBACK)
_ROW = "SELECT id, name, status, state, progress FROM tasks_processstep WHERE "


@dataclass(frozen=True)
class Pending:
    """The step that waits, the state that it sees, and the rows around it, outermost first."""

    step: Step
    view: dict[str, Any]
    secrets: frozenset[str]
    rows: list[_Level]


@dataclass(frozen=True)
class _Level:
    row_id: int
    step: Step
    state: dict[str, Any]
    progress: dict[str, Any] | None


def find(process_id: UUID, workflow_name: str) -> Pending:
    """Return the step at which the process waits. Raises StepError, also DefinitionChanged, where there is none."""
    top = registry.get_workflow(workflow_name).steps
    rows = sql.fetch(_ROW + "process_id = %s AND parent_id IS NULL AND status <> 'abort' ORDER BY id", (process_id,))
    done = [row[1] for row in rows if row[2] in ("success", "skipped", "complete")]
    if not rows or rows[-1][2] not in _WAITING:
        raise StepError(_("This process does not wait for anything."))
    row_id, name, _status, text, progress_text = rows[-1]
    step = top[place.find(top, done, name, partly_done=True)]
    before = next((row[3] for row in reversed(rows) if row[2] in ("success", "skipped")), text)
    state, secrets = loads(before if progress_text else text)
    return _descend(step, state, secrets, row_id, progress_text, [])


def _descend(
    step: Step, state: dict[str, Any], secrets: frozenset[str], row_id: int, progress: str | None, rows: list[_Level]
) -> Pending:
    holds_view = step.view(state)[1] if step.wrappers else state
    if step.kind in (Kind.INPUT, Kind.AWAIT):
        rows.append(_Level(row_id, step, state, None))
        return Pending(step, holds_view, secrets, rows)
    if step.kind is Kind.FOREACH:
        rows.append(_Level(row_id, step, state, None))
        child = _waiting_child(row_id)
        item = Step(step.name, Kind.GROUP, steps=step.steps)
        return _descend(item, state, secrets, child[0], child[4], rows)
    kept, found = loads(progress or "{}")
    kept = {"done": [], "state": holds_view, "returned": {}, **kept}
    rows.append(_Level(row_id, step, state, kept))
    index = place.find(step.steps, kept["done"])
    if index == len(step.steps):
        raise DefinitionChanged(
            f"The workflow was changed while this process was under way: “{step.name}”, where it waits, waits for "
            "nothing any more. Bring the step back, or start the process again."
        )
    part = step.steps[index]
    if part.kind in (Kind.INPUT, Kind.AWAIT):
        view = part.view(kept["state"])[1]
        return Pending(part, view, secrets | found, rows)
    child = _waiting_child(row_id)
    return _descend(part, kept["state"], secrets | found, child[0], child[4], rows)


def _waiting_child(parent: int) -> tuple[Any, ...]:
    row = sql.one(
        _ROW + "parent_id = %s AND status = ANY(%s) ORDER BY id DESC LIMIT 1", (parent, [*map(str, _WAITING)])
    )
    if row is None:
        raise StepError(_("This process does not wait for anything."))
    return row


def complete(pending: Pending, returned: dict[str, Any]) -> None:
    """Record `returned` as the result of the waiting step. The caller holds the process row and resumes it."""
    innermost = pending.rows[-1]
    now = timezone.now()
    for level in pending.rows[:-1]:
        sql.fetch("UPDATE tasks_processstep SET status = 'running' WHERE id = %s", (level.row_id,))
    after = merged(pending.view, returned, pending.step.name)
    if innermost.progress is None:
        state = pending.step.restored(innermost.state, after)
        sql.fetch(
            "UPDATE tasks_processstep SET status = 'success', state = %s::jsonb, completed_at = %s WHERE id = %s",
            (dumps(state, pending.secrets), now, innermost.row_id),
        )
        return
    kept = innermost.progress
    after_part = pending.step.restored(kept["state"], after)
    progress = {
        "done": [*kept["done"], pending.step.name],
        "state": after_part,
        "returned": {**kept["returned"], **returned},
    }
    sql.fetch(
        "UPDATE tasks_processstep SET status = 'running', progress = %s::jsonb, state = %s::jsonb, completed_at = %s "
        "WHERE id = %s",
        (dumps(progress, pending.secrets), dumps(after_part, pending.secrets), now, innermost.row_id),
    )


@sql.again_when_deadlocked
def deliver_early_callback(process_id: UUID) -> bool:
    """Complete a process that waits for a callback which came before anybody waited."""
    with transaction.atomic():
        row = sql.one(
            "SELECT p.callback_token, w.name FROM tasks_process p JOIN tasks_workflow w USING (workflow_id) "
            "WHERE p.process_id = %s AND p.status = 'awaiting_callback' FOR UPDATE OF p",
            (process_id,),
        )
        if row is None:
            return False
        came = sql.one(
            "DELETE FROM tasks_inputstate WHERE process_id = %s AND input_type = 'callback' AND step = %s "
            "RETURNING state",
            (process_id, row[0]),
        )
        if came is None:
            return False
        pending = find(process_id, row[1])
        complete(pending, {pending.step.key: json.loads(came[0])["payload"]})
        transitions.resume(process_id, [ProcessStatus.AWAITING_CALLBACK])
        queue.enqueue_again([process_id])
        return True
