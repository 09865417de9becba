"""What lists of schedules and due times can be filtered by."""

from __future__ import annotations

from typing import ClassVar

import django_filters as filters
from django.db.models import Q, QuerySet

from schedules.models import Occurrence, Outcome, Reason, Schedule, TriggerKind


class ScheduleFilter(filters.FilterSet):  # type: ignore[misc]
    """By task, name, trigger, state, owner and tag."""

    workflow_name = filters.CharFilter(field_name="workflow_id", label="Name of the task.")
    name = filters.CharFilter()
    trigger = filters.MultipleChoiceFilter(choices=TriggerKind.choices)
    enabled = filters.BooleanFilter(label="False: paused.")
    parked = filters.BooleanFilter(method="is_parked", label="True: those that cannot fire.")
    owner = filters.CharFilter(field_name="owner__username", label="Username.")
    tag = filters.CharFilter(method="tagged", label="One of its tags.")
    job_id = filters.CharFilter(label="Id in code.")
    search = filters.CharFilter(method="words", label="Part of the name of the schedule or the task.")

    class Meta:
        model = Schedule
        fields: ClassVar[list[str]] = []

    def is_parked(self, queryset: QuerySet[Schedule], name: str, value: bool) -> QuerySet[Schedule]:
        return queryset.exclude(parked_reason="") if value else queryset.filter(parked_reason="")

    def tagged(self, queryset: QuerySet[Schedule], name: str, value: str) -> QuerySet[Schedule]:
        return queryset.filter(tags__contains=[value])

    def words(self, queryset: QuerySet[Schedule], name: str, value: str) -> QuerySet[Schedule]:
        return queryset.filter(Q(name__icontains=value) | Q(workflow__name__icontains=value))


class OccurrenceFilter(filters.FilterSet):  # type: ignore[misc]
    """By outcome, reason and time."""

    outcome = filters.MultipleChoiceFilter(choices=Outcome.choices)
    reason = filters.MultipleChoiceFilter(choices=[choice for choice in Reason.choices if choice[0]])
    manual = filters.BooleanFilter(label="True: asked for with “Run now”.")
    scheduled_after = filters.IsoDateTimeFilter(field_name="scheduled_at", lookup_expr="gte", label="Due from then on.")
    scheduled_before = filters.IsoDateTimeFilter(field_name="scheduled_at", lookup_expr="lt", label="Due before.")

    class Meta:
        model = Occurrence
        fields: ClassVar[list[str]] = []
