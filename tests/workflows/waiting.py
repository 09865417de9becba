"""Workflows that wait: for people, for other systems, for a file."""

from __future__ import annotations

from django import forms

from orchestrator.config.assignee import Assignee
from orchestrator.forms import FormPage
from orchestrator.targets import Target
from orchestrator.types import FormGenerator, State
from orchestrator.workflow import (
    StepList,
    callback_step,
    done,
    init,
    inputstep,
    step,
    workflow,
)
from tests.workflows.failing import _fail, fail_as_told
from tests.workflows.succeeding import count, dawdle
from tests.workflows.traces import trace, wait_for


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
