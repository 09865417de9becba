"""Workflows that log, and that handle secrets."""

from __future__ import annotations

import logging

import structlog
from django import forms

from orchestrator.forms import FormPage, SecretField
from orchestrator.targets import Target
from orchestrator.types import State
from orchestrator.workflow import (
    StepList,
    done,
    init,
    step,
    workflow,
)
from tests.workflows.failing import fail_as_told

logger = structlog.get_logger(__name__)


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
