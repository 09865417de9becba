"""The showcase goes its whole way: pages, group, approval, one failure and its retry, foreach, condition, callback."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django import forms

from orchestrator.forms import FormPage, SecretField
from tasks.exceptions import InvalidInputs
from tasks.inputs import Complete, Page, next_page
from tasks.models import Process, ProcessStatus, ProcessStep, StepLog
from tasks.registry import get_workflow
from tasks.secrets import mask
from tasks.services import receive_callback, resume_process, retry_process, run_inline, start_process, unqueued
from tasks.workflows import showcase

PASSWORD = "s3cret-of-the-showcase"
TEXTS = {"name": "node 7", "password": PASSWORD}
CHOICES = {"site": "ams", "devices": ["core1", "core2", "edge1"], "notify": True, "fail_once": True}


def test_it_uses_every_field_and_widget_of_django_that_a_task_can_ask_with() -> None:
    """Files cannot be inputs; the others not listed are bases of those that are used."""
    pages = [showcase.Texts, showcase.Choices, showcase.Times, showcase.Approval]
    last = next_page(showcase.inputs, [TEXTS, CHOICES])
    assert isinstance(last, Page)
    used = [field for page in [*pages, last.form_class] for field in page.base_fields.values()]
    found = {name: getattr(forms, name) for name in dir(forms)}
    all_widgets = {name for name, found in found.items() if isinstance(found, type) and issubclass(found, forms.Widget)}
    not_for_inputs = {"Widget", "Input", "MultiWidget", "FileInput", "ClearableFileInput", "MultipleHiddenInput",
                      "SplitHiddenDateTimeWidget", "MediaDefiningClass", "NumberInput", "PasswordInput"}  # fmt: skip
    assert {type(field.widget).__name__ for field in used} >= all_widgets - not_for_inputs
    assert any(isinstance(field, SecretField) for field in used)
    assert any(field.disabled for field in used)
    assert all(issubclass(page, FormPage) for page in pages)


def test_dates_are_asked_for_only_when_wanted() -> None:
    form = get_workflow("task_showcase").initial_input_form
    assert isinstance(next_page(form, [TEXTS, CHOICES, {"sure": True}]), Complete)
    times = next_page(form, [TEXTS, {**CHOICES, "moment": True}])
    assert isinstance(times, Page)
    assert times.form_class is showcase.Times
    with pytest.raises(InvalidInputs) as caught:
        next_page(form, [TEXTS, CHOICES, {"sure": False}])
    assert caught.value.errors == [{}, {}, {"sure": ["This field is required."]}]


@pytest.mark.django_db
def test_it_goes_its_whole_way() -> None:
    with unqueued():
        process = run_inline(start_process("task_showcase", [TEXTS, CHOICES, {"sure": True}]))
    assert (process.status, process.assignee) == (ProcessStatus.SUSPENDED, "NOC")
    with pytest.raises(InvalidInputs):
        resume_process(process.pk, [{"approved": False}])

    resume_process(process.pk, [{"approved": True, "remark": "in the window"}])
    process = run_inline(process.pk)
    assert process.status == ProcessStatus.API_UNAVAILABLE, process.failed_reason
    assert "core1 does not answer" in process.failed_reason
    each = process.steps.get(name="Configure devices")
    assert [item.status for item in each.items.order_by("position")] == ["failed", "success", "success"]

    retry_process(process.pk)
    process = run_inline(process.pk)
    assert process.status == ProcessStatus.AWAITING_CALLBACK, process.failed_reason
    assert process.steps.get(name="Notify the customer").status == "success"

    receive_callback(process.pk, process.callback_token, {"outcome": "passed"})
    process = run_inline(process.pk)
    assert process.status == ProcessStatus.COMPLETED, process.failed_reason
    state = process.steps.filter(parent=None).last().state
    assert state["tested"]
    assert state["approval"] == {"approved": True, "remark": "in the window"}
    assert [item["configured"] for item in state["Configure devices"]] == ["core1", "core2", "edge1"]
    assert mask(state)["password"] == "••••"
    assert_nowhere(PASSWORD, process)


def assert_nowhere(secret: str, process: Process) -> None:
    """The secret is in no column of the process's rows."""
    rows: list[Any] = [
        *Process.objects.filter(pk=process.pk).values(), *ProcessStep.objects.filter(process=process).values(),
        *StepLog.objects.filter(process=process).values(), *process.inputs.values(),
    ]  # fmt: skip
    assert secret not in json.dumps(rows, default=str)


@pytest.mark.django_db
def test_a_test_that_fails_makes_inconsistent_data() -> None:
    with unqueued():
        process = run_inline(
            start_process("task_showcase", [TEXTS, {**CHOICES, "fail_once": False, "notify": False}, {"sure": True}])
        )
    resume_process(process.pk, [{"approved": True}])
    process = run_inline(process.pk)
    assert process.steps.get(name="Notify the customer").status == "skipped"
    receive_callback(process.pk, process.callback_token, {"outcome": "failed"})
    process = run_inline(process.pk)
    assert process.status == ProcessStatus.INCONSISTENT_DATA
    assert "The test did not pass" in process.failed_reason
