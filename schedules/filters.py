"""What lists of schedules and of occurrences can be narrowed to, by page and API alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django_filters as filters
from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _

from schedules.models import Occurrence, Outcome, Reason, Schedule, TriggerKind

if TYPE_CHECKING:
    from django.db.models import QuerySet


class State(TextChoices):
    """What a schedule is doing; exactly one holds (see `STATE_OF`)."""

    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    PARKED = "parked", _("Needs attention")
    FINISHED = "finished", _("Finished")
    REMOVED = "removed", _("Removed from code")


_REMOVED = Q(removed_from_code_at__isnull=False)
_PARKED = ~Q(parked_reason="")
STATE_OF: dict[str, Q] = {
    State.REMOVED: _REMOVED,
    State.PARKED: ~_REMOVED & _PARKED,
    State.PAUSED: ~_REMOVED & ~_PARKED & Q(enabled=False),
    State.FINISHED: ~_REMOVED & ~_PARKED & Q(enabled=True, next_due_at__isnull=True),
    State.ACTIVE: ~_REMOVED & ~_PARKED & Q(enabled=True, next_due_at__isnull=False),
}


def state_of(schedule: Schedule) -> State:
    """Return the state of one schedule, as `STATE_OF` would find it."""
    if schedule.removed_from_code_at is not None:
        return State.REMOVED
    if schedule.parked_reason:
        return State.PARKED
    if not schedule.enabled:
        return State.PAUSED
    return State.FINISHED if schedule.next_due_at is None else State.ACTIVE


class ScheduleFilter(filters.FilterSet):  # type: ignore[misc]
    """Schedules by words in their name, task, state, tag and kind of trigger."""

    q = filters.CharFilter(label=_("Search"), method="search")
    workflow_name = filters.CharFilter(label=_("Task"), field_name="workflow_id")
    state = filters.ChoiceFilter(label=_("State"), choices=State, method="in_state")
    enabled = filters.BooleanFilter(label=_("Enabled"))
    tag = filters.CharFilter(label=_("Tag"), method="tagged")
    trigger = filters.ChoiceFilter(label=_("Trigger"), choices=TriggerKind)

    class Meta:
        model = Schedule
        fields: list[str] = []

    def search(self, queryset: QuerySet[Schedule], _name: str, value: str) -> QuerySet[Schedule]:
        for word in value.split()[:5]:
            queryset = queryset.filter(
                Q(name__icontains=word) | Q(job_id__icontains=word) | Q(workflow__name__icontains=word)
            )
        return queryset

    def in_state(self, queryset: QuerySet[Schedule], _name: str, value: str) -> QuerySet[Schedule]:
        return queryset.filter(STATE_OF[value])

    def tagged(self, queryset: QuerySet[Schedule], _name: str, value: str) -> QuerySet[Schedule]:
        return queryset.filter(tags__contains=[value])


class OccurrenceFilter(filters.FilterSet):  # type: ignore[misc]
    """Occurrences by what became of them, why, and when they were due."""

    outcome = filters.ChoiceFilter(label=_("Outcome"), choices=Outcome)
    reason = filters.ChoiceFilter(label=_("Reason"), choices=[choice for choice in Reason.choices if choice[0]])
    manual = filters.BooleanFilter(label=_("By hand"))
    since = filters.IsoDateTimeFilter(label=_("From"), field_name="scheduled_at", lookup_expr="gte")
    until = filters.IsoDateTimeFilter(label=_("To"), field_name="scheduled_at", lookup_expr="lte")

    class Meta:
        model = Occurrence
        fields: list[str] = []


def kept(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that say something, so that an address stays short."""
    return {name: value for name, value in parameters.items() if value not in (None, "", [])}
