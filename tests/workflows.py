"""Workflows that succeed, fail, suspend, crash and dawdle on purpose: what the tests run.

None of them asks for inputs: what a test gives to `start_process` is in the state. Steps append a line to the file
that TRACE in the environment names, whatever becomes of them in the database: so a test sees what really ran.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from django import forms
from django.db import connections

from orchestrator.config.assignee import Assignee
from orchestrator.db import Product
from orchestrator.forms import FormPage, SecretField
from orchestrator.services.processes import start_process
from orchestrator.targets import Target
from orchestrator.types import FormGenerator, State
from orchestrator.utils.errors import ApiException, InconsistentDataError, ProcessFailureError
from orchestrator.workflow import (
    PredicateContext,
    RunPredicateFail,
    RunPredicatePass,
    StepList,
    abort,
    begin,
    callback_step,
    conditional,
    done,
    focussteps,
    foreach_step,
    init,
    inputstep,
    retrystep,
    step,
    step_group,
    steplens,
    workflow,
)
from orchestrator.workflows import LazyWorkflowInstance
from orchestrator.workflows.utils import create_workflow, task, validate_workflow

logger = structlog.get_logger(__name__)


def trace(word: str) -> None:
    """Leave a trace that no rollback undoes."""
    if path := os.environ.get("TRACE"):
        with Path(path).open("a") as file:
            file.write(word + "\n")


def wait_for(path: str | None) -> None:
    """Return once the file exists; at once where none is named."""
    while path and not Path(path).exists():
        time.sleep(0.01)


# Succeeding


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


# Failing


def _fail(how: str, secret: str = "") -> None:
    match how:
        case "value":
            raise ValueError("a wrong value")
        case "assertion":
            raise AssertionError("two systems differ")
        case "inconsistent":
            raise InconsistentDataError("the inventory disagrees")
        case "connection":
            raise ConnectionRefusedError("nobody listens")
        case "api":
            raise ApiException(503, "Service Unavailable")
        case "details":
            raise ProcessFailureError("with details", {"node": "ams-01"})
        case "exit":
            raise SystemExit(3)
        case "nul":
            raise ValueError("before \x00 after")
        case "huge":
            raise ValueError("x" * 3_000_000)
        case "deep":
            _fail(how)
        case "secret":
            raise ValueError(f"wrong password {secret}")


@step("Fail as told")
def fail_as_told(fail: str = "", password: str = "", repaired: str | None = None, counter: int = 0) -> State:
    trace(f"fail {fail}")
    if not (repaired and Path(repaired).exists()):
        _fail(fail, password)
    return {"counter": counter + 1}


@workflow("Fails as the input says", target=Target.SYSTEM)
def failing() -> StepList:
    return init >> count >> fail_as_told >> count >> done


@workflow("Is no task and fails as the input says", target=Target.MODIFY)
def failing_modify() -> StepList:
    return init >> fail_as_told >> done


@retrystep("Try as told")
def try_as_told(fail: str = "value", repaired: str | None = None) -> State:
    trace("tried")
    if not (repaired and Path(repaired).exists()):
        _fail(fail)
    return {"tried": True}


@workflow("Has a retrystep", target=Target.SYSTEM)
def retrying() -> StepList:
    return init >> try_as_told >> done


@step("Return as told")
def return_as_told(give: str, state: State) -> State:
    circle: State = {}
    circle["itself"] = circle
    return {
        "object": {"value": object()},
        "nul": {"value": "\x00"},
        "surrogate": {"value": "\ud800"},
        "nan": {"value": float("nan")},
        "large": {"value": "x" * 10_000_000},
        "circle": circle,
        "list": ["no", "dict"],
        "keys": {("a", "b"): 1},
        "set": {"value": {3, 1, 2}},
    }[give]  # type: ignore[return-value]


@workflow("Returns what the input says", target=Target.SYSTEM)
def returning() -> StepList:
    return init >> return_as_told >> done


@step("Need what is not there")
def needs_more(nowhere: str, neither: int) -> None:
    pass


@workflow("Lacks an argument", target=Target.SYSTEM)
def lacking() -> StepList:
    return init >> needs_more >> done


@step("Start another process")
def starts_another(swallow: bool = False) -> None:
    try:
        start_process("succeeding")
    except Exception:
        if not swallow:
            raise


@workflow("Starts a process from a step", target=Target.SYSTEM)
def starting() -> StepList:
    return init >> starts_another >> done


@step("Write to the database")
def writes(product: str, fail_after: bool = False, gate: str | None = None) -> State:
    made = Product.objects.create(name=product)
    trace(f"wrote {product}")
    wait_for(gate)
    if fail_after:
        raise ValueError("after writing")
    return {"product_id": made.product_id}


@workflow("Writes to the database", target=Target.SYSTEM)
def writing() -> StepList:
    return init >> writes >> done


@step("Close the connection")
def closes_connection(product: str = "") -> State:
    if product:
        Product.objects.create(name=product)
    connections.close_all()
    return {"closed": True}


@workflow("Closes its connection", target=Target.SYSTEM)
def closing() -> StepList:
    return init >> closes_connection >> done


@step("Break the transaction")
def breaks_transaction() -> State:
    try:
        Product.objects.create(name="twice")
        Product.objects.create(name="twice")
    except Exception:
        logger.info("swallowed")
    return {"swallowed": True}


@workflow("Breaks its transaction", target=Target.SYSTEM)
def breaking() -> StepList:
    return init >> breaks_transaction >> done


@step("Kill the worker")
def kills(repaired: str | None = None) -> None:
    trace("kill")
    if not (repaired and Path(repaired).exists()):
        os.kill(os.getpid(), signal.SIGKILL)


@workflow("Kills its worker", target=Target.SYSTEM)
def killing() -> StepList:
    return init >> kills >> done


@retrystep("Kill the worker, to be retried")
def kills_retried(repaired: str | None = None) -> None:
    trace("kill")
    if not (repaired and Path(repaired).exists()):
        os.kill(os.getpid(), signal.SIGKILL)


@workflow("Kills its worker in a retrystep", target=Target.SYSTEM)
def killing_retried() -> StepList:
    return init >> kills_retried >> done


# Logging and secrets


@step("Log")
def logs(lines: int = 3, password: str = "") -> None:
    for number in range(lines):
        logger.info("line", number=number)
    logging.getLogger("elsewhere").warning("a plain %s", "warning")
    logger.info("The password is %s", password, password=password)


@workflow("Logs", target=Target.SYSTEM)
def logging_much() -> StepList:
    return init >> logs >> done


class SecretForm(FormPage):
    password = SecretField()
    fail = forms.CharField(required=False)


@step("Use the secret")
def use_secret(password: str, state: State) -> State:
    logger.info("using", password=password)
    return {"length": len(password), "copy": password, "said": f"it is {password}"}


@workflow("Takes a secret", target=Target.SYSTEM, initial_input_form=SecretForm)
def secretive() -> StepList:
    return init >> use_secret >> fail_as_told >> logs >> done


# Waiting for people and systems


class AnswerForm(FormPage):
    answer = forms.IntegerField(min_value=1)


@inputstep("Ask", assignee=Assignee.NOC)
def ask(state: State) -> FormGenerator:
    page = yield AnswerForm
    return {"answer": page.answer, "asked_at": state.get("counter")}


@workflow("Asks", target=Target.SYSTEM)
def asking() -> StepList:
    return init >> count >> ask >> count >> done


@workflow("Dawdles, then asks", target=Target.SYSTEM)
def dawdling_then_asking() -> StepList:
    return init >> dawdle >> ask >> done


@workflow("Dawdles in its last step", target=Target.SYSTEM)
def dawdling_last() -> StepList:
    return init >> dawdle >> done


@step("Fail slowly")
def fail_slowly(fail: str = "", gate: str | None = None) -> None:
    trace("began")
    wait_for(gate)
    _fail(fail)


@workflow("Fails slowly", target=Target.SYSTEM)
def failing_slowly() -> StepList:
    return init >> fail_slowly >> done


@workflow("Asks, then dawdles", target=Target.SYSTEM)
def asking_then_dawdling() -> StepList:
    return init >> ask >> dawdle >> done


@inputstep("Ask superusers", assignee=Assignee.NOC, resume_auth_callback=lambda user: user.is_superuser)
def ask_superusers() -> type[FormPage]:
    return AnswerForm


@workflow(
    "Asks superusers only",
    target=Target.SYSTEM,
    authorize_callback=lambda user: user.username != "banned",
    retry_auth_callback=lambda user: user.is_superuser,
)
def asking_superusers() -> StepList:
    return init >> ask_superusers >> fail_as_told >> done


@step("Call out")
def call_out(callback_route: str, gate: str | None = None) -> State:
    trace(callback_route)
    wait_for(gate)
    return {"called": callback_route}


@step("Judge")
def judge(callback_result: State) -> State:
    if not callback_result.get("ok"):
        raise ValueError("the other side is not ok")
    return {"judged": True}


@workflow("Is called back", target=Target.SYSTEM)
def called_back() -> StepList:
    return init >> callback_step("Call and wait", call_out, judge, timeout=3600) >> count >> done


@workflow("Is not called back in time", target=Target.SYSTEM)
def called_back_late() -> StepList:
    return init >> callback_step("Call and wait", call_out, judge, timeout=0.01) >> done


# Combined


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


# On products and subscriptions


class SpeedForm(FormPage):
    speed = forms.IntegerField(min_value=1)


def _speed_of(subscription_id: str, product: str) -> FormGenerator:
    page = yield SpeedForm
    return {"speed": page.speed, "seen": [subscription_id, product]}


@validate_workflow("Validates a subscription", initial_input_form=_speed_of)
def validating_one() -> StepList:
    return begin >> count


@create_workflow("Creates a subscription", initial_input_form=SpeedForm)
def creating_one() -> StepList:
    return begin >> count


async def _only_ada(user: Any) -> bool:
    return bool(user.username == "ada")


@workflow("Asks its callbacks asynchronously", authorize_callback=_only_ada, retry_auth_callback=_only_ada)
def guarded() -> StepList:
    return init >> fail_as_told >> done


# Limits


def _refuses(context: PredicateContext) -> RunPredicatePass | RunPredicateFail:
    return RunPredicateFail("Not today.") if context.state.get("refuse") else RunPredicatePass()


@workflow("Has a predicate", target=Target.SYSTEM, run_predicate=_refuses)
def choosy() -> StepList:
    return init >> done


@workflow("Runs at most two at a time", target=Target.SYSTEM, limit=2)
def limited() -> StepList:
    return init >> dawdle >> done


@workflow("Holds a lock", target=Target.SYSTEM, lock=lambda state: state.get("device"))
def locking() -> StepList:
    return init >> dawdle >> done


@workflow("Goes to another queue", target=Target.SYSTEM, queue="slow", priority=7)
def queued_elsewhere() -> StepList:
    return init >> count >> done


WORKFLOWS = [
    "succeeding", "counting", "double_ends", "endless", "aborting", "dawdling", "striding", "typing", "failing",
    "failing_modify", "retrying", "returning", "lacking", "starting", "writing", "breaking", "killing",
    "killing_retried", "logging_much", "secretive", "asking", "asking_then_dawdling", "dawdling_then_asking",
    "dawdling_last", "failing_slowly", "asking_superusers", "called_back", "called_back_late", "grouped",
    "grouped_asking", "conditional_steps", "lenses", "going_over", "going_over_simply", "asking_over", "nested",
    "anything", "choosy", "limited", "locking", "queued_elsewhere",
    "validating_one", "creating_one", "guarded", "closing",
]  # fmt: skip
for _name in WORKFLOWS:
    LazyWorkflowInstance("tests.workflows", _name)
