"""Why the steps of a process stop before the last one, and what the process becomes by that."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.utils import timezone

from tasks.engine.failure import Failure
from tasks.statuses import ProcessStatus, StepStatus
from tasks.steps import Step
from tasks.transitions import Next, Result

LONGEST_WAIT: Final = 3600.0
FIRST_WAIT: Final = 15.0


class Stopped(Exception):
    """The run ended as recorded: nothing is left to be done by this worker."""


class Halt(Exception):
    """A step that `began` then has no result now. `rows` are those of the groups around it, innermost first."""

    def __init__(
        self, step: Step, status: StepStatus, failure: Failure | None = None, *, began: datetime | None = None
    ) -> None:
        super().__init__(step.name)
        self.step, self.status, self.failure = step, status, failure
        self.began = began or timezone.now()
        self.rows: list[Result] = []

    @classmethod
    def failed(cls, step: Step, failure: Failure, *, began: datetime | None = None) -> Halt:
        """An exception: a retrystep waits for its next try, any other step fails."""
        return cls(step, StepStatus.WAITING if step.retries else StepStatus.FAILED, failure, began=began)

    def then(self, top_step: str, failures: int) -> Next:
        """Return what becomes of the process, whose step `top_step` was tried `failures` times in vain before."""
        if self.failure is not None:
            waiting = self.status == StepStatus.WAITING
            return Next(
                top_step,
                ProcessStatus.WAITING if waiting else self.failure.status,
                failed_reason=self.failure.reason,
                traceback=self.failure.traceback,
                retry_after=backoff(failures) if waiting else None,
            )
        if self.status == StepStatus.SUSPEND:
            return Next(top_step, ProcessStatus.SUSPENDED, assignee=self.step.assignee)
        if self.status == StepStatus.AWAITING_CALLBACK:
            return Next(top_step, ProcessStatus.AWAITING_CALLBACK, callback_timeout=self.step.timeout)
        return Next(top_step, ProcessStatus.ABORTED, failed_reason=f"The step “{self.step.name}” ended the process.")


def backoff(failures: int) -> float:
    """Return for how many seconds a retrystep waits after it failed once more than `failures` times."""
    return float(min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(failures, 20)))
