"""What lists of workflows and processes can be filtered by."""

from __future__ import annotations

from typing import ClassVar

import django_filters as filters
from django.db.models import Q, QuerySet

from tasks.filters import Group, in_group, of_workflow, started_by, with_text
from tasks.models import Origin, Process, Workflow
from tasks.statuses import ProcessStatus
from tasks.targets import Target


class WorkflowFilter(filters.FilterSet):  # type: ignore[misc]
    """By name, target, or words."""

    name = filters.CharFilter()
    target = filters.MultipleChoiceFilter(choices=Target.choices)
    search = filters.CharFilter(method="words", label="Part of the name or the description.")

    class Meta:
        model = Workflow
        fields: ClassVar[list[str]] = []

    def words(self, queryset: QuerySet[Workflow], name: str, value: str) -> QuerySet[Workflow]:
        return queryset.filter(Q(name__icontains=value) | Q(description__icontains=value))


class ProcessFilter(filters.FilterSet):  # type: ignore[misc]
    """By workflow, status, origin, person, schedule and time."""

    workflow_name = filters.CharFilter(method=of_workflow, label="Name of the workflow.")
    status = filters.MultipleChoiceFilter(
        choices=ProcessStatus.choices, distinct=False, label="May be given several times."
    )
    group = filters.ChoiceFilter(
        choices=Group.choices, method=in_group, label="Statuses together, as the pages have them: failed is failed, "
        "api_unavailable and inconsistent_data."
    )  # fmt: skip
    origin = filters.MultipleChoiceFilter(choices=Origin.choices, distinct=False, label="How it was started.")
    created_by = filters.CharFilter(method=started_by, label="Username.")
    schedule_id = filters.UUIDFilter(label="The schedule that started it.")
    occurrence_id = filters.UUIDFilter(label="The due time that started it.")
    is_task = filters.BooleanFilter(field_name="workflow__is_task", label="Runs of tasks only, or of others only.")
    started_after = filters.IsoDateTimeFilter(
        field_name="started_at", lookup_expr="gte", label="Accepted then or after."
    )
    started_before = filters.IsoDateTimeFilter(field_name="started_at", lookup_expr="lt", label="Accepted before.")
    search = filters.CharFilter(
        method=with_text, label="Words, or beginnings of words, of the reason, the note or the name of the workflow."
    )

    class Meta:
        model = Process
        fields: ClassVar[list[str]] = []
