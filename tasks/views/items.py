"""Finds the items of a step: of a foreach, and of those that stand inside a group, where the group's row has the rows
of its foreach steps below it, and these the items.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count, QuerySet

from tasks.models import Process, ProcessStep
from tasks.steps import Kind, Step
from tasks.views.timeline import planned_steps

Within = dict[int, list[int]]
"""Id of a group's row → ids of the rows of the foreach steps inside it."""


def count_items(process: Process, steps: Sequence[ProcessStep]) -> Within:
    """Correct `item_count`, the number of rows right below each of `steps`, for groups; return what they contain."""
    plan = {step.name: step for step in planned_steps(process.workflow.name)}
    groups = {
        step.pk: plan[step.name]
        for step in steps
        if getattr(step, "item_count", 0) and step.name in plan and plan[step.name].kind is Kind.GROUP
    }
    within = _foreach_rows(groups)
    inner = [row for rows in within.values() for row in rows]
    below = ProcessStep.objects.filter(parent__in=inner).order_by().values_list("parent").annotate(Count("pk"))
    counts = dict(below) if inner else {}
    for step in steps:
        if step.pk in groups:
            step.item_count = sum(counts.get(row, 0) for row in within[step.pk])  # type: ignore[attr-defined]
    return within


def items_of(step: ProcessStep, within: Within) -> QuerySet[ProcessStep]:
    """Return the rows of a step's items."""
    return ProcessStep.objects.filter(parent__in=within.get(step.pk, [step.pk])).order_by("parent", "position", "pk")


def _foreach_rows(groups: dict[int, Step]) -> Within:
    """Look through groups, and the groups inside them, level by level."""
    within: Within = {row: [] for row in groups}
    level = {row: (row, group) for row, group in groups.items()}
    while level:
        children = ProcessStep.objects.filter(parent__in=level).order_by("pk").values_list("pk", "parent", "name")
        found = {}
        for row, parent, name in children:
            outermost, group = level[parent or 0]
            step = next((each for each in group.steps if each.name == name), None)
            if step is None or step.kind is Kind.FOREACH:
                within[outermost].append(row)
            else:
                found[row] = (outermost, step)
        level = found
    return within
