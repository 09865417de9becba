"""Does the steps of a claimed process one after the other, and records each result."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from django.utils import timezone

from tasks import transitions
from tasks.engine import place
from tasks.engine.context import Run
from tasks.engine.failure import Failure, failure
from tasks.engine.halt import Halt, Stopped
from tasks.engine.obeying import abort_if_wanted, obey
from tasks.engine.parts import Part, run_container
from tasks.engine.recording import commit, perform, record
from tasks.exceptions import LeaseLost
from tasks.state import dumps, loads
from tasks.statuses import FINISHED_STEP, ProcessStatus, StepStatus
from tasks.steps import Kind, Step, StepList, merged
from tasks.transitions import Next, Orders, Result

logger = structlog.get_logger(__name__)

_ENDINGS = {
    Kind.PASS: (StepStatus.SUCCESS, None),
    Kind.DONE: (StepStatus.COMPLETE, ProcessStatus.COMPLETED),
    Kind.ABORT: (StepStatus.ABORT, ProcessStatus.ABORTED),
    Kind.INPUT: (StepStatus.SUSPEND, ProcessStatus.SUSPENDED),
}


class Executor:
    """The steps of one claimed process, run one after the other by one thread."""

    def __init__(self, run: Run, steps: StepList) -> None:
        self.run = run
        self.steps = steps
        self.index = 0
        self.batch: list[Result] = []
        self.text = ""
        self.ending: tuple[Step, ProcessStatus] | None = None

    @property
    def ended(self) -> bool:
        return self.ending is not None or self.index >= len(self.steps)

    def lead(self, current_step: str) -> None:
        """Record the steps without a function that come first, and what comes then, in the claim's transaction."""
        self._find_place()
        self._take_plain_steps()
        if self.batch:
            results, then = self._taken()
            record(self.run, results, then)
            self.run.commits += 1
        elif not self.ended and self.steps[self.index].name != current_step:
            transitions.begin_step(self.run.process_id, self.run.token, self.steps[self.index].name)

    def go(self) -> None:
        """Do every step. Ends by Stopped, or LeaseLost."""
        while self.index < len(self.steps):
            step = self.steps[self.index]
            try:
                self._do(step)
            except Halt as halt:
                self._halt(step, halt)
                raise Stopped from None
        results, then = self._taken()
        abort_if_wanted(self.run, commit(self.run, results, then))
        raise Stopped

    def _do(self, step: Step) -> None:
        run = self.run
        try:
            holds, view = step.view(run.state)
        except Exception as error:
            raise Halt(step, StepStatus.FAILED, failure(error, is_task=run.is_task, secrets=run.secrets)) from error
        if not holds:
            self._add(step, StepStatus.SKIPPED)
        elif step.kind in _ENDINGS:
            self._take_plain(step)
        elif step.kind in (Kind.GROUP, Kind.FOREACH):
            self._flush_before(step)
            self._do_container(step, view)
        elif step.kind is Kind.FUNCTION:
            self._flush_before(step)
            self._do_function(step, view)
        else:
            raise TypeError(f"{step.kind} stands alone; it belongs into a callback_step")

    def _do_function(self, step: Step, view: dict[str, Any]) -> None:
        """Call a function, and commit its result together with the steps after it that have none."""
        run, started_at = self.run, timezone.now()
        before = (run.state, list(run.done), run.secrets, run.open, run.failures, self.index, self.text)

        def prepare(returned: Any) -> Callable[[], Orders]:
            self._advance(step, step.restored(run.state, merged(view, returned, step.name)), started_at)
            self._take_plain_steps()
            results, then = self._taken()
            return lambda: record(run, results, then)

        try:
            orders = perform(run, step, view, step.name, prepare)
        except (LeaseLost, Stopped):
            raise
        except BaseException as error:
            run.state, run.done, run.secrets, run.open, run.failures, self.index, self.text = before
            self.batch, self.ending = [], None
            found = failure(error, is_task=run.is_task, secrets=run.secrets)
            raise Halt.failed(step, found, began=started_at) from error
        self._after(orders)

    def _do_container(self, step: Step, view: dict[str, Any]) -> None:
        run = self.run
        part = Part(run, step.name, step.name, step.name, position=run.position, state=view)
        if run.open is not None and run.open.name == step.name:
            part.restore(run.open)
        run_container(part, step, view)
        self._advance(step, step.restored(run.state, part.state), part.started_at, row_id=part.row_id)

    def _advance(self, step: Step, state: dict[str, Any], started_at: Any, *, row_id: int | None = None) -> None:
        """Make `state` the process's, as it will be read back, and queue the row of the step to be recorded."""
        run = self.run
        self.text = dumps(state, run.secrets)
        run.state, found = loads(self.text)
        run.secrets |= found
        self.batch.append(
            Result(run.position, step.name, StepStatus.SUCCESS, self.text, started_at, timezone.now(), row_id=row_id)
        )
        self._finished(step)

    def _finished(self, step: Step) -> None:
        run = self.run
        run.done.append(step.name)
        run.open, run.failures = None, 0
        self.index += 1

    def _take_plain_steps(self) -> None:
        """Add the rows of the following steps that have neither a function nor a condition."""
        while self.ending is None and self.index < len(self.steps):
            step = self.steps[self.index]
            if step.kind not in _ENDINGS or step.wrappers:
                return
            self._take_plain(step)

    def _take_plain(self, step: Step) -> None:
        status, ending = _ENDINGS[step.kind]
        self._add(step, status)
        if ending is not None:
            self.ending = (step, ending)
            self.index = len(self.steps)

    def _add(self, step: Step, status: StepStatus) -> None:
        now = timezone.now()
        self.text = self.text or dumps(self.run.state, self.run.secrets)
        again = status == StepStatus.SUSPEND and self.run.open is not None and self.run.open.name == step.name
        row_id = self.run.open.id if again and self.run.open else None
        self.batch.append(Result(self.run.position, step.name, status, self.text, now, now, row_id=row_id))
        if status in FINISHED_STEP:
            self._finished(step)

    def _taken(self) -> tuple[list[Result], Next]:
        """Return what is to be recorded now, and where the process stands then."""
        batch, self.batch = self.batch, []
        if self.ending is not None:
            step, status = self.ending
            reason = f"The step “{step.name}” ended the process." if status == ProcessStatus.ABORTED else ""
            return batch, Next(step.name, status, assignee=step.assignee, failed_reason=reason)
        if self.index < len(self.steps):
            return batch, Next(self.steps[self.index].name)
        return batch, Next(status=ProcessStatus.COMPLETED)

    def _flush_before(self, step: Step) -> None:
        """Record what waits to be recorded, so that people see it while `step` runs."""
        if self.batch:
            results, self.batch = self.batch, []
            self._after(commit(self.run, results, Next(step.name)))

    def _after(self, orders: Orders) -> None:
        """The rows are recorded: end, or do as told."""
        if self.ended:
            abort_if_wanted(self.run, orders)
            raise Stopped
        obey(self.run, orders)

    def _halt(self, step: Step, halt: Halt) -> None:
        """Record why the process stops at `step`, in the row of the last attempt when nothing is different."""
        run = self.run
        rows = halt.rows or [attempt(run, step.name, halt.status, halt.failure, began=halt.began)]
        then = halt.then(step.name, run.failures)
        if halt.failure is not None:  # in the words in which the process tells it: a task's data may be inconsistent
            logger.warning("step_failed", step=step.name, error=halt.failure.reason, status=then.status.value)
        results, self.batch = [*self.batch, *rows], []
        abort_if_wanted(run, commit(run, results, then))
        if halt.status == StepStatus.AWAITING_CALLBACK:
            from tasks.engine.pending import deliver_early_callback

            deliver_early_callback(run.process_id)

    def _find_place(self) -> None:
        run = self.run
        stopped_at = run.open.name if run.open is not None else ""
        partly = run.open is not None and run.open.progress is not None
        self.index = place.find(self.steps, run.done, stopped_at, partly_done=partly)


def attempt(run: Run, name: str, status: StepStatus, failed: Failure | None, *, began: datetime) -> Result:
    """Return the row of a failed attempt: the last one's, when the same failure is repeated or parts of it are done.

    Its times are those of this attempt: how long a process lay idle before somebody retried it is no work.
    """
    if failed is None:
        raise TypeError(f"“{name}” stopped for no reason")
    last, now = run.open, timezone.now()
    same = last is not None and last.status == status and failed.same_as(last.state)
    if last is None or last.name != name or not (same or last.progress is not None):
        return Result(run.position, name, status, failed.state, began, now)
    progress = None if last.progress is None else json.dumps(last.progress)
    return Result(run.position, name, status, failed.state, began, now, row_id=last.id, progress=progress, again=same)
