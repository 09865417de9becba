"""Checks that code, database and products agree on the workflows."""

from __future__ import annotations

from django.utils import timezone

from orchestrator.db import Product, Workflow
from orchestrator.targets import Target
from orchestrator.types import State
from orchestrator.utils.errors import ProcessFailureError
from orchestrator.workflow import StepList, done, init, step, workflow
from tasks.checks import Part, missing_parts
from tasks.exceptions import TaskError
from tasks.registry import get_workflow, registered


@step("Check that code and database know the same workflows")
def check_workflows() -> State:
    missing = [part for part in missing_parts() if part.part is not Part.TRANSLATION]
    if missing:
        found = [f"{part.workflow_name} lacks its {part.part}. {part.problem}" for part in missing]
        raise ProcessFailureError("Workflows lack a part. manage.py checktasks says what adds it.", details=found)
    return {"workflows_checked": len(registered())}


@step("Check that code and database agree on the targets")
def check_targets() -> State:
    targets = dict(Workflow.objects.values_list("name", "target"))
    wrong = []
    for name, target in targets.items():
        try:
            in_code = get_workflow(name).target
        except TaskError:
            continue  # the step before says so
        if in_code != target:
            wrong.append(f"{name} is {in_code} in code and {target} in the database.")
    if wrong:
        raise ProcessFailureError("Workflows have another target in code than in the database.", details=wrong)
    return {}


@step("Check products")
def check_products() -> State:
    ended = Product.objects.filter(status="active", end_date__lt=timezone.now())
    wrong = [f"{name} is active, but has ended." for name in ended.values_list("name", flat=True)]
    tied = Workflow.objects.filter(is_task=True, products__isnull=False).distinct()
    wrong += [f"{name} is a task, but is tied to a product." for name in tied.values_list("name", flat=True)]
    if wrong:
        raise ProcessFailureError("Products contradict themselves.", details=wrong)
    without = Product.objects.filter(status="active", workflows__isnull=True)
    return {
        "products_checked": Product.objects.count(),
        "products_without_workflows": list(without.values_list("name", flat=True)[:100]),
    }


@workflow("Check that code, database and products agree", target=Target.SYSTEM)
def task_validate_products() -> StepList:
    return init >> check_workflows >> check_targets >> check_products >> done
