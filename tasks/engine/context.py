"""The run of a process by a worker, and the step that the current thread is in the middle of."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from structlog.contextvars import bound_contextvars

from orchestrator_admin.redaction import hiding
from tasks.exceptions import StartedInsideStep
from tasks.statuses import StepStatus

if TYPE_CHECKING:
    from tasks.steps import Step

ALWAYS_KNOWN = ("process_id", "reporter", "workflow_name", "workflow_target")


@dataclass(frozen=True)
class OpenRow:
    """The recorded attempt at the step that has no result yet: it failed, waits, or is partly done."""

    id: int
    name: str
    status: StepStatus
    attempts: int
    state: dict[str, Any]
    progress: dict[str, Any] | None
    started_at: datetime


@dataclass
class Run:
    """One claim of one process: what is known of it, under which lease. Used by one thread, besides `lost`.

    `state` is in plain text; `secrets` are the texts in it that must not be stored or shown. `done` holds the names of
    the finished steps in order; `failures` counts the attempts at the next one; `item` is the index of the item that is
    being worked on, of the outermost foreach. `stops`: the commit that was begun last ends the run.
    """

    process_id: UUID
    token: UUID
    workflow_name: str
    is_task: bool
    commits: int
    limited: bool
    state: dict[str, Any] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    done: list[str] = field(default_factory=list)
    open: OpenRow | None = None
    failures: int = 0
    stopping: Callable[[], bool] = lambda: False
    lost: bool = False
    item: int | None = None
    job_id: int | None = None
    job_deleted: bool = False
    stops: bool = False

    @property
    def position(self) -> int:
        """Place of the next result in the process's history."""
        return len(self.done)

    def idempotency_key(self, path: str) -> str:
        """Return a key that is the same whenever this step of this process is tried, and never used elsewhere."""
        return str(uuid.uuid5(self.process_id, f"{self.position}/{path}"))


@dataclass
class RunningStep:
    """The step that a thread is in the middle of."""

    run: Run
    step: Step
    path: str
    position: int
    item: int | None = None
    refused: StartedInsideStep | None = None

    def refuse_start(self, workflow_name: str) -> StartedInsideStep:
        """Remember that the step tried to start a process: it fails even if it swallows the exception."""
        self.refused = StartedInsideStep(workflow_name, self.step.name)
        return self.refused


_current: ContextVar[RunningStep | None] = ContextVar("running_step", default=None)


def current_step() -> RunningStep | None:
    """Return the step that the current thread is in the middle of, or None."""
    return _current.get()


def call(run: Run, step: Step, view: dict[str, Any], path: str) -> Any:
    """Call the function of a step and return what it returns. Its log events and errors are bound and masked."""
    if step.injected is None:
        raise TypeError(f"The step “{step.name}” has no function.")
    with within(run, step, path) as running:
        returned = step.injected.call(view, _extras(run, view, path))
        if running.refused is not None:
            raise running.refused
        return returned


@contextmanager
def within(run: Run, step: Step, path: str) -> Iterator[RunningStep]:
    """Mark the current thread as being in the middle of a step."""
    running = RunningStep(run, step, path, run.position, run.item)
    marker = _current.set(running)
    try:
        names = {"process_id": str(run.process_id), "workflow_name": run.workflow_name, "step": step.name}
        with hiding(run.secrets), bound_contextvars(**names):
            yield running
    finally:
        _current.reset(marker)


def _extras(run: Run, view: Mapping[str, Any], path: str) -> dict[str, Any]:
    known = {name: run.state[name] for name in ALWAYS_KNOWN if name not in view and name in run.state}
    return {**known, "idempotency_key": run.idempotency_key(path)}
