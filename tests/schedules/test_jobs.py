"""What the shipped schedules do when they are due."""

from __future__ import annotations

from datetime import timedelta
from types import ModuleType

import pytest
from django.utils import timezone

from orchestrator.targets import Target
from orchestrator.workflow import StepList, done, init
from orchestrator.workflows import LazyWorkflowInstance
from orchestrator.workflows.utils import validate_workflow
from schedules.jobs import (
    clean_up_ledger,
    clean_up_tasks,
    nightly_sync,
    resume_workflows,
    validate_awaiting_callbacks,
    validate_products,
    validate_subscriptions,
)
from schedules.models import Occurrence, Schedule
from tasks import registry
from tasks.models import Process, Product, Subscription, Workflow
from tests.schedules.pages import made, occurrence

pytestmark = pytest.mark.django_db


@validate_workflow("Validate a node")
def validate_node() -> StepList:
    return init >> done


def started() -> list[str]:
    return list(Process.objects.order_by("started_at", "pk").values_list("workflow__name", flat=True))


@pytest.mark.parametrize(
    ("module", "function", "task"),
    [
        (clean_up_tasks, "vacuum_tasks", "task_clean_up_tasks"),
        (nightly_sync, "run_nightly_sync", "task_sync_from"),
        (resume_workflows, "run_resume_workflows", "task_resume_workflows"),
        (validate_products, "validate_products", "task_validate_products"),
    ],
)
def test_a_job_starts_its_task(module: ModuleType, function: str, task: str) -> None:
    getattr(module, function)()
    assert started() == [task]


def test_occurrences_that_are_old_enough_go_and_no_others(settings: object) -> None:
    settings.OCCURRENCE_RETENTION_DAYS = 30  # type: ignore[attr-defined]
    schedule: Schedule = made(None)
    day = 24 * 60
    occurrence(schedule, 31 * day)
    kept = [occurrence(schedule, 29 * day), occurrence(schedule, 5)]
    clean_up_ledger.clean_up_ledger()
    assert set(Occurrence.objects.values_list("pk", flat=True)) == {each.pk for each in kept}


@pytest.mark.parametrize(("late", "expected"), [(-60, []), (60, ["task_validate_awaiting_callbacks"])])
def test_callbacks_are_looked_after_only_when_one_is_late(late: int, expected: list[str]) -> None:
    now = timezone.now()
    waiting = Process.objects.create(
        workflow=Workflow.objects.get(name="task_sync_from"), status="awaiting_callback", started_at=now,
        last_modified_at=now, callback_deadline=now - timedelta(seconds=late), callback_token="t" * 32,
    )  # fmt: skip
    validate_awaiting_callbacks.validate_awaiting_callbacks()
    assert [name for name in started() if name != waiting.workflow.name] == expected


def test_subscriptions_in_sync_are_validated_and_what_cannot_be_does_not_keep_the_others_from_it() -> None:
    LazyWorkflowInstance(__name__, "validate_node")
    node = Product.objects.create(name="Node")
    workflow = Workflow.objects.create(name="validate_node", target=Target.VALIDATE, description="Validate a node")
    asking = Workflow.objects.get(name="validating_one")  # a second page asks for more
    for each in (workflow, asking):
        each.products.add(node)
    Subscription.objects.create(product=node, description="out of sync", insync=False)
    wanted = {str(Subscription.objects.create(product=node, description=name, insync=True).pk) for name in "ab"}
    try:
        validate_subscriptions.validate_subscriptions()
    finally:
        registry._registry.workflows.pop("validate_node")
    assert sorted(started()) == ["task_validate_subscriptions", "validate_node", "validate_node"]
    inputs = Process.objects.filter(workflow=workflow).values_list("inputs__user_inputs", flat=True)
    assert {pages[0]["subscription_id"] for pages in inputs} == wanted
