"""What the database knows of workflows and their runs.

Fields, constraints, querysets and short properties only. `transitions` is the only writer of `Process.status`,
`engine` of steps, `services` of new processes. Triggers in the database refuse illegal transitions, and tell the live
pages what changed.
"""

from __future__ import annotations

from tasks.models.catalogue import Product, Subscription, Workflow
from tasks.models.choices import Act, Origin, choices_check
from tasks.models.engine import EngineSettings, WorkerInstance
from tasks.models.process import Process, span_of_work
from tasks.models.record import InputState, ProcessAction, ProcessStep, StepLog
from tasks.statuses import FAILURES, FINISHED_STEP, GOING, QUEUED, TERMINAL, ProcessStatus, StepStatus
from tasks.targets import Target

__all__ = [
    "FAILURES",
    "FINISHED_STEP",
    "GOING",
    "QUEUED",
    "TERMINAL",
    "Act",
    "EngineSettings",
    "InputState",
    "Origin",
    "Process",
    "ProcessAction",
    "ProcessStatus",
    "ProcessStep",
    "Product",
    "StepLog",
    "StepStatus",
    "Subscription",
    "Target",
    "WorkerInstance",
    "Workflow",
    "choices_check",
    "span_of_work",
]
