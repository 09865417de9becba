"""Workflows of groups, conditions, lenses and lists."""

from __future__ import annotations

from pathlib import Path

import structlog

from orchestrator.config.assignee import Assignee
from orchestrator.targets import Target
from orchestrator.types import FormGenerator, State
from orchestrator.workflow import (
    StepList,
    begin,
    conditional,
    done,
    focussteps,
    foreach_step,
    init,
    inputstep,
    step,
    step_group,
    steplens,
    workflow,
)
from tests.workflows.failing import fail_as_told
from tests.workflows.succeeding import count
from tests.workflows.traces import trace
from tests.workflows.waiting import AnswerForm, ask

logger = structlog.get_logger(__name__)


@workflow("Has a group", target=Target.SYSTEM)
def grouped() -> StepList:
    return init >> step_group("Group", begin >> count >> fail_as_told >> count) >> count >> done


@workflow("Asks inside a group", target=Target.SYSTEM)
def grouped_asking() -> StepList:
    return init >> step_group("Group", begin >> count >> ask >> count) >> done


@workflow("Has conditional steps", target=Target.SYSTEM)
def conditional_steps() -> StepList:
    when_wanted = conditional(lambda state: state.get("wanted", False))
    when_large = conditional(lambda state: state["counter"] > 1)
    return init >> count >> when_wanted(begin >> count >> ask) >> when_large(count) >> when_wanted(count) >> done


@workflow("Looks through lenses", target=Target.SYSTEM)
def lenses() -> StepList:
    second = steplens(
        lambda state: state["parts"][1], lambda state: lambda part: {**state, "parts": [state["parts"][0], part]}
    )
    return init >> focussteps("inner")(begin >> count >> count) >> second(count) >> done  # fmt: skip


@step("Work on the item")
def work_on_item(item: int | str, index: int, repaired: str | None = None) -> State:
    trace(f"item {index}")
    logger.info("working", item=item)
    if str(item).startswith("bad") and not (repaired and Path(repaired).exists()):
        raise ValueError(f"{item} does not work")
    return {"made": f"{index}:{item}"}


@step("Check the item")
def check_item(made: str) -> State:
    return {"checked": made.upper()}


@workflow("Goes over a list", target=Target.SYSTEM)
def going_over() -> StepList:
    return init >> foreach_step("Items", over="things", do=begin >> work_on_item >> check_item) >> count >> done


@workflow("Goes over a list with one step", target=Target.SYSTEM)
def going_over_simply() -> StepList:
    return init >> foreach_step("Items", over="things", do=work_on_item, key="results") >> done


@inputstep("Ask about the item", assignee=Assignee.NOC)
def ask_about_item(state: State) -> FormGenerator:
    page = yield AnswerForm
    return {"answer": page.answer * 10 + state["index"]}


@workflow("Asks about each item", target=Target.SYSTEM)
def asking_over() -> StepList:
    return init >> foreach_step("Items", over="things", do=begin >> work_on_item >> ask_about_item) >> done


@workflow("Goes over a list inside a group", target=Target.SYSTEM)
def nested() -> StepList:
    over = foreach_step("Items", over="things", do=step_group("Both", begin >> work_on_item >> check_item))
    return init >> step_group("Group", begin >> count >> over >> count) >> done


@workflow("Has the steps that a test gives it", target=Target.SYSTEM)
def anything() -> StepList:
    return init >> done
