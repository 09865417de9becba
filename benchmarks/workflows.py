"""What the benchmarks and the soak run.

Steps of the soak append a line to the file that TRACE names, whatever becomes of them in the database.
"""

from __future__ import annotations

import os
import random
import time
from uuid import UUID

from django import forms

from orchestrator.config.assignee import Assignee
from orchestrator.db import Product
from orchestrator.forms import FormPage
from orchestrator.targets import Target
from orchestrator.types import FormGenerator, State
from orchestrator.workflow import StepList, begin, done, foreach_step, init, inputstep, retrystep, step, workflow
from orchestrator.workflows import LazyWorkflowInstance


def trace(process_id: UUID, name: str) -> None:
    """Leave a trace that no rollback undoes: when a step began. One write, so that lines do not mix."""
    if path := os.environ.get("TRACE"):
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, f"{process_id}\t{name}\t{time.time():.6f}\n".encode())
        os.close(file)


# Benchmarks


@step("NSO calls")
def nso_calls() -> State:
    return {"x": 1}


@workflow("Does nothing in three steps", target=Target.SYSTEM)
def bench_noop() -> StepList:
    return init >> nso_calls >> done


# Soak


def _stride(number: int) -> StepList:
    @step(f"Stride {number}")
    def stride(process_id: UUID, counter: int = 0) -> State:
        trace(process_id, f"Stride {number}")
        time.sleep(random.uniform(0, 0.2))
        return {"counter": counter + 1}

    return begin >> stride


@workflow("Strides six times", target=Target.SYSTEM)
def soak_striding() -> StepList:
    steps = init
    for number in range(6):
        steps = steps >> _stride(number)
    return steps >> done


@step("Write")
def write(process_id: UUID) -> State:
    trace(process_id, "Write")
    Product.objects.create(name=f"{process_id} written")
    time.sleep(random.uniform(0, 0.1))
    return {"written": True}


@workflow("Writes to the database", target=Target.SYSTEM)
def soak_writing() -> StepList:
    return init >> _stride(0) >> write >> _stride(1) >> done


@retrystep("Try")
def attempt(process_id: UUID) -> State:
    trace(process_id, "Try")
    if random.random() < 0.5:
        raise ConnectionRefusedError("nobody listens, this time")
    return {"tried": True}


@workflow("Tries again and again", target=Target.SYSTEM)
def soak_retrying() -> StepList:
    return init >> attempt >> _stride(0) >> done


@step("Fail half of the times")
def may_fail(process_id: UUID) -> State:
    trace(process_id, "Fail half of the times")
    if random.random() < 0.5:
        raise ValueError("bad luck")
    return {"lucky": True}


@workflow("Fails half of the times", target=Target.SYSTEM)
def soak_failing() -> StepList:
    return init >> _stride(0) >> may_fail >> done


class AnswerForm(FormPage):
    answer = forms.IntegerField(min_value=1)


@inputstep("Ask", assignee=Assignee.NOC)
def ask() -> FormGenerator:
    page = yield AnswerForm
    return {"answer": page.answer}


@workflow("Asks in the middle", target=Target.SYSTEM)
def soak_asking() -> StepList:
    return init >> _stride(0) >> ask >> _stride(1) >> done


@step("Work on the item")
def work_on_item(process_id: UUID, item: int) -> State:
    trace(process_id, f"item {item}")
    time.sleep(0.02)
    return {"made": item * 10}


@step("Give a list")
def give_list() -> State:
    return {"things": [1, 2, 3, 4]}


@workflow("Goes over a list", target=Target.SYSTEM)
def soak_going_over() -> StepList:
    return init >> give_list >> foreach_step("Items", over="things", do=begin >> work_on_item) >> done


for _name in ("bench_noop", "soak_striding", "soak_writing", "soak_retrying", "soak_failing", "soak_asking",
              "soak_going_over"):  # fmt: skip
    LazyWorkflowInstance("benchmarks.workflows", _name)

from benchmarks import catalogue  # noqa: E402, F401  sixty more, for a database with the history of years
