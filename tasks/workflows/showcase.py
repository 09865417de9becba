"""Everything that a workflow can do, in one: to look at, to copy from, and to try an installation with.

It changes nothing anywhere. Ticking "Fail once" makes it fail, so that a retry can be tried.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import structlog
from django import forms
from django.utils.translation import gettext_lazy as _

from orchestrator.config.assignee import Assignee
from orchestrator.db import Process, Product, Subscription
from orchestrator.forms import FormPage, SecretField
from orchestrator.targets import Target
from orchestrator.types import FormGenerator, State
from orchestrator.workflow import (
    StepList,
    begin,
    callback_step,
    conditional,
    done,
    foreach_step,
    init,
    inputstep,
    step,
    step_group,
    workflow,
)

logger = structlog.get_logger(__name__)

SITES = [("ams", _("Amsterdam")), ("utr", _("Utrecht")), ("ein", _("Eindhoven"))]
SPEEDS = [(10, "10G"), (100, "100G"), (400, "400G")]


class Texts(FormPage):
    """What is typed."""

    title = _("Texts and numbers")
    name = forms.CharField(label=_("Name"), max_length=40, help_text=_("Letters and digits, at most 40."))
    slug = forms.SlugField(label=_("Short name"), initial="node-1")
    description = forms.CharField(label=_("Description"), widget=forms.Textarea(attrs={"rows": 3}), required=False)
    vlan = forms.IntegerField(label=_("VLAN"), min_value=1, max_value=4094, initial=100)
    loss = forms.DecimalField(label=_("Loss in dB"), max_digits=5, decimal_places=2, initial="0.25")
    ratio = forms.FloatField(label=_("Ratio"), initial=0.5)
    address = forms.GenericIPAddressField(label=_("Management address"), initial="192.0.2.1")
    as_number = forms.RegexField(r"^AS\d+$", label=_("AS number"), initial="AS64496")
    email = forms.EmailField(label=_("E-mail"), required=False)
    url = forms.URLField(label=_("Documentation"), required=False, assume_scheme="https")
    telephone = forms.CharField(label=_("Telephone"), widget=forms.TelInput, required=False)
    search = forms.CharField(label=_("Search term"), widget=forms.SearchInput, required=False)
    colour = forms.CharField(label=_("Colour"), widget=forms.ColorInput, initial="#2f6fed")
    password = SecretField(label=_("Password"), help_text=_("Stored encrypted, shown nowhere."))
    extra = forms.JSONField(label=_("Settings (JSON)"), required=False, initial=dict)
    reference = forms.CharField(widget=forms.HiddenInput, initial="showcase", required=False)


class Choices(FormPage):
    """What is chosen."""

    title = _("Choices")
    site = forms.ChoiceField(label=_("Site"), choices=SITES)
    speed = forms.TypedChoiceField(label=_("Speed"), choices=SPEEDS, coerce=int, widget=forms.RadioSelect, initial=100)
    devices = forms.MultipleChoiceField(
        label=_("Devices"),
        choices=[(name, name) for name in ("core1", "core2", "edge1", "edge2")],
        widget=forms.CheckboxSelectMultiple,
        initial=["core1", "edge1"],
    )
    others = forms.TypedMultipleChoiceField(
        label=_("Other sites"), choices=SITES, widget=forms.SelectMultiple, required=False
    )
    redundant = forms.NullBooleanField(label=_("Redundant"), required=False)
    product = forms.ModelChoiceField(Product.objects.all(), label=_("Product"), required=False)
    subscriptions = forms.ModelMultipleChoiceField(Subscription.objects.all(), label=_("Subscriptions"), required=False)
    notify = forms.BooleanField(label=_("Notify the customer"), required=False)
    fail_once = forms.BooleanField(label=_("Fail once"), required=False, help_text=_("To try a retry."))
    moment = forms.BooleanField(label=_("Choose dates and times, too"), required=False)


class Times(FormPage):
    """When."""

    title = _("Dates and times")
    day = forms.DateField(label=_("Day"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"), initial="2026-12-31")
    clock = forms.TimeField(label=_("Time"), widget=forms.TimeInput({"type": "time"}, "%H:%M"), initial="12:00")
    begins = forms.DateTimeField(
        label=_("Begin"),
        widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
        initial="2026-12-31T12:00",
    )
    ends = forms.SplitDateTimeField(
        label=_("End"),
        widget=forms.SplitDateTimeWidget({}, "%Y-%m-%d", "%H:%M", {"type": "date"}, {"type": "time"}),
        required=False,
    )
    birthday = forms.DateField(label=_("Anniversary"), widget=forms.SelectDateWidget, required=False)
    lasts = forms.DurationField(label=_("Duration"), initial="01:30:00", help_text=_("Days, hours, minutes, seconds."))


def inputs() -> FormGenerator:
    """Three pages or four: whether dates are asked for depends on an answer, and the last page repeats the answers."""
    texts = yield Texts
    choices = yield Choices
    times = (yield Times) if choices.moment else {}

    class Summary(FormPage):
        title = _("Summary")
        what = forms.CharField(label=_("What"), initial=f"{texts.name}: {choices.speed}G", disabled=True)
        identifier = forms.UUIDField(label=_("Identifier"), required=False)
        sure = forms.BooleanField(label=_("This is right"))

    yield Summary
    return {**texts, **choices, **times}


class Approval(FormPage):
    """What the input step asks for."""

    title = _("Approval")
    approved = forms.BooleanField(label=_("The window is approved"))
    remark = forms.CharField(label=_("Remark"), required=False)


@step("Reserve resources")
def reserve(name: str, vlan: int) -> State:
    logger.info("Resources reserved", node=name, vlan=vlan)
    return {"reserved": True}


@step("Log in")
def log_in(password: str) -> State:
    logger.info("Logged in", password=password)
    return {"logged_in": len(password) > 0}


@inputstep("Approve the change", assignee=Assignee.NOC)
def approve(state: State) -> FormGenerator:
    answer = yield Approval
    return {"approval": dict(answer)}


@step("Configure a device")
def configure(item: str, index: int, process_id: UUID, fail_once: bool) -> State:
    """The first device fails once, if that was asked for: a retry finds the failed attempt and goes on."""
    failed_before = Process.objects.filter(pk=process_id, steps__status="failed").exists()
    if fail_once and index == 0 and not failed_before:
        raise ConnectionRefusedError(f"{item} does not answer. This was asked for: retry, and it will.")
    logger.info("Device configured", device=item)
    return {"configured": item}


@step("Notify the customer")
def notify(email: str, name: str) -> State:
    logger.info("Customer notified", email=email or "nobody@example.net", node=name)
    return {"notified": True}


@step("Ask for a test")
def ask_for_test(callback_route: str) -> State:
    logger.info("Test asked for: post the result to this route", route=callback_route)
    return {"test_asked_for": True}


@step("Judge the test")
def judge(test_result: dict[str, Any]) -> State:
    if test_result.get("outcome", "passed") != "passed":
        raise AssertionError(f"The test did not pass: {json.dumps(test_result)}")
    return {"tested": True}


@workflow("Show everything that a workflow can do", target=Target.SYSTEM, initial_input_form=inputs)
def task_showcase() -> StepList:
    prepare = step_group("Prepare", begin >> reserve >> log_in)
    test = callback_step("Test", ask_for_test, judge, result_key="test_result", timeout=3600)
    return (
        init
        >> prepare
        >> approve
        >> foreach_step("Configure devices", over="devices", do=configure)
        >> conditional(lambda state: state["notify"])(notify)
        >> test
        >> done
    )
