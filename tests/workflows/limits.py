"""Workflows with predicates, limits, locks, queues and callbacks."""

from __future__ import annotations

from orchestrator.targets import Target
from orchestrator.workflow import (
    PredicateContext,
    RunPredicateFail,
    RunPredicatePass,
    StepList,
    done,
    init,
    workflow,
)
from tests.workflows.succeeding import count, dawdle


def _refuses(context: PredicateContext) -> RunPredicatePass | RunPredicateFail:
    return RunPredicateFail("Not today.") if context.state.get("refuse") else RunPredicatePass()


@workflow("Has a predicate", target=Target.SYSTEM, run_predicate=_refuses)
def choosy() -> StepList:
    return init >> done


@workflow("Runs at most two at a time", target=Target.SYSTEM, limit=2)
def limited() -> StepList:
    return init >> dawdle >> done


@workflow("Runs one at a time", target=Target.SYSTEM, limit=1)
def single() -> StepList:
    return init >> dawdle >> done


@workflow("Holds a lock", target=Target.SYSTEM, lock=lambda state: state.get("device"))
def locking() -> StepList:
    return init >> dawdle >> done


@workflow("Goes to another queue", target=Target.SYSTEM, queue="slow", priority=7)
def queued_elsewhere() -> StepList:
    return init >> count >> done


@workflow("Holds a lock, two at once", target=Target.SYSTEM, limit=2, lock=lambda state: state.get("device"))
def limited_and_locking() -> StepList:
    return init >> dawdle >> done
