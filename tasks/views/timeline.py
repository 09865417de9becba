"""A process's steps as the page draws them: what ran, what runs, what is still to come, each with its place in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from orchestrator_admin import shapes
from tasks.exceptions import TaskError
from tasks.models import TERMINAL, Process, ProcessStatus, ProcessStep
from tasks.registry import get_workflow
from tasks.statuses import FINISHED_STEP

if TYPE_CHECKING:
    from tasks.steps import Step

WIDTH = 1000.0
SMALLEST_BAR = 4.0
# What is shorter than this altogether is not drawn larger: steps of no time at all would fill the width between them.
SHORTEST_AXIS = timedelta(milliseconds=100)
# A shorter wait between two steps goes without saying.
NOTABLE_WAIT = timedelta(seconds=1)


@dataclass
class StepRow:
    """One line of the picture. `key` selects it in the address; bars are in thousandths of the width.

    `before` is how long the step took in the run that this one is compared with. `waited` is how long nothing was done
    between the step before and this one, where that is notable; `wait_left` and `wait_width` draw it.
    """

    key: str
    name: str
    status: str
    label: str
    position: int
    started_at: datetime | None = None
    duration: timedelta | None = None
    attempts: int = 1
    items: int = 0
    before: timedelta | None = None
    waited: timedelta | None = None
    left: float = 0.0
    width: float = 0.0
    wait_left: float = 0.0
    wait_width: float = 0.0

    @property
    def tone(self) -> str:
        return shapes.of(self.status).tone

    @property
    def elapsed_ms(self) -> int:
        return round(self.duration.total_seconds() * 1000) if self.duration else 0


def step_rows(process: Process, steps: Sequence[ProcessStep]) -> list[StepRow]:
    """Return a row for each executed step, for the one that is being executed, and for those that are to follow."""
    rows = [_executed(step) for step in steps]
    current = _current(process, steps)
    if current is not None:
        rows.append(current)
    _place_bars(rows)
    return rows + _to_come(process, steps, current)


def _executed(step: ProcessStep) -> StepRow:
    return StepRow(
        key=str(step.pk),
        name=step.name,
        status=step.status,
        label=step.get_status_display(),
        position=step.position,
        started_at=step.started_at,
        duration=step.duration,
        attempts=step.attempts,
        items=getattr(step, "item_count", 0),
    )


def _current(process: Process, steps: Sequence[ProcessStep]) -> StepRow | None:
    if process.status != ProcessStatus.RUNNING or not process.current_step:
        return None
    began = process.current_step_started_at
    last = steps[-1] if steps else None
    if last is not None and last.name == process.current_step and began and last.completed_at > began:
        return None
    return StepRow(
        key="current",
        name=process.current_step,
        status="running",
        label=str(ProcessStatus.RUNNING.label),
        position=_next_position(steps),
        started_at=began,
        duration=timezone.now() - began if began else None,
    )


def _next_position(steps: Sequence[ProcessStep]) -> int:
    """Return the place behind the last step that is over and done with."""
    return max((step.position + 1 for step in steps if step.status in FINISHED_STEP), default=0)


def _to_come(process: Process, steps: Sequence[ProcessStep], current: StepRow | None) -> list[StepRow]:
    if process.status in TERMINAL:
        return []
    last = steps[-1] if steps else None
    start = _next_position(steps)
    if current is not None or (last is not None and last.status not in FINISHED_STEP):
        start += 1
    planned = planned_steps(process.workflow.name)
    return [StepRow("", step.name, "pending", _("To come"), start + i) for i, step in enumerate(planned[start:])]


def planned_steps(workflow_name: str) -> list[Step]:
    """Return the steps as the code has them now; none where the code cannot be loaded."""
    try:
        return list(get_workflow(workflow_name).steps)
    except TaskError:
        return []


def working_time(rows: Sequence[StepRow]) -> timedelta | None:
    """Return what the steps took together, without the time between them; None where no step is recorded."""
    spans = [row.duration for row in rows if row.key and row.duration is not None]
    return sum(spans, timedelta()) if spans else None


def _place_bars(rows: list[StepRow]) -> None:
    """Set where the bars lie: all at their true time on one axis, from the first step's start to the last one's end."""
    timed = [(row, row.started_at, row.duration) for row in rows if row.started_at and row.duration is not None]
    if not timed:
        return
    first = min(start for _row, start, _span in timed)
    axis = max(max(start + span for _row, start, span in timed) - first, SHORTEST_AXIS)
    reached = first
    for row, start, span in timed:
        row.width = max(span / axis * WIDTH, SMALLEST_BAR)
        row.left = min((start - first) / axis * WIDTH, WIDTH - row.width)
        if start - reached >= NOTABLE_WAIT:
            row.waited = start - reached
            row.wait_left = (reached - first) / axis * WIDTH
            row.wait_width = max(row.left - row.wait_left, 0.0)
        reached = max(reached, start + span)
