"""Workflows on products and subscriptions."""

from __future__ import annotations

from typing import Any

from django import forms

from orchestrator.forms import FormPage
from orchestrator.types import FormGenerator
from orchestrator.workflow import (
    StepList,
    begin,
    done,
    init,
    workflow,
)
from orchestrator.workflows.utils import create_workflow, validate_workflow
from tests.workflows.failing import fail_as_told
from tests.workflows.succeeding import count


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
