"""Workflows that succeed, in their various ways."""

from __future__ import annotations

import time
from datetime import date
from decimal import Decimal
from uuid import UUID

from orchestrator.targets import Target
from orchestrator.types import State
from orchestrator.workflow import (
    StepList,
    abort,
    begin,
    done,
    init,
    step,
    workflow,
)
from orchestrator.workflows.utils import task
from tests.workflows.traces import trace, wait_for


@step("Do nothing")
def do_nothing() -> None:
    pass


@step("Count")
def count(counter: int = 0) -> State:
    return {"counter": counter + 1}


@workflow("Succeeds in three steps", target=Target.SYSTEM)
def succeeding() -> StepList:
    return init >> do_nothing >> done


@workflow("Counts to five", target=Target.SYSTEM)
def counting() -> StepList:
    return init >> count >> count >> count >> count >> count >> done


@task("Has a double start and a double end")
def double_ends() -> StepList:
    return init >> count >> done


@workflow("Has no end", target=Target.SYSTEM)
def endless() -> StepList:
    return begin >> count


@workflow("Ends by itself as aborted", target=Target.SYSTEM)
def aborting() -> StepList:
    return init >> count >> abort >> count >> done


@step("Dawdle")
def dawdle(gate: str | None = None, seconds: float = 0, counter: int = 0) -> State:
    trace(f"began {counter}")
    wait_for(gate)
    time.sleep(seconds)
    trace(f"ended {counter}")
    return {"counter": counter + 1}


@workflow("Waits for a file between two counts", target=Target.SYSTEM)
def dawdling() -> StepList:
    return init >> count >> dawdle >> count >> done


@step("Stride")
def stride(process_id: UUID, seconds: float = 0, counter: int = 0) -> State:
    trace(f"{process_id} {counter}")
    time.sleep(seconds)
    return {"counter": counter + 1}


@workflow("Strides ten times", target=Target.SYSTEM)
def striding() -> StepList:
    steps = init
    for _ in range(10):
        steps = steps >> stride
    return steps >> done


@step("Type the arguments")
def typed(
    when: date, price: Decimal, key: UUID, several: list[UUID], state: State, process_id: UUID, reporter: str,
    workflow_name: str, idempotency_key: str, extra: str = "default",
) -> State:  # fmt: skip
    kinds = [type(value).__name__ for value in (when, price, key, several[0], state, process_id)]
    return {"kinds": kinds, "reporter_seen": reporter, "name_seen": workflow_name, "key_seen": idempotency_key,
            "extra_seen": extra, "price": price + 1, "when": when}  # fmt: skip


@workflow("Takes typed arguments", target=Target.SYSTEM)
def typing() -> StepList:
    return init >> typed >> done
