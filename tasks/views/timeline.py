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
# A wait between two steps is drawn at most this long, as a part of all working time: nights do not squash the bars.
LONGEST_GAP = 0.15


@dataclass
class StepRow:
    """One line of the picture. `key` selects it in the address; bars are in thousandths of the width.

    `before` is how long the step took in the run that this one is compared with.
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
    left: float = 0.0
    width: float = 0.0

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


def _place_bars(rows: list[StepRow]) -> None:
    """Set `left` and `width` of the rows along one axis, on which long waits are drawn short."""
    timed = [(row, row.started_at, row.duration.total_seconds()) for row in rows if row.started_at and row.duration]
    busy = sum(seconds for _row, _start, seconds in timed)
    if not busy:
        return
    axis, previous_end = 0.0, timed[0][1]
    spans: list[tuple[StepRow, float, float]] = []
    for row, start, seconds in timed:
        axis += min(max((start - previous_end).total_seconds(), 0.0), busy * LONGEST_GAP)
        spans.append((row, axis, seconds))
        axis += seconds
        previous_end = start + timedelta(seconds=seconds)
    for row, begin, seconds in spans:
        row.width = max(seconds / axis * WIDTH, SMALLEST_BAR)
        row.left = min(begin / axis * WIDTH, WIDTH - row.width)
