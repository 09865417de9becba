"""What lists of processes can be narrowed to, by page and API alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django_filters as filters
from django.db.models import QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.permissions import visible_workflows
from orchestrator_admin.paging import Source
from tasks import texts
from tasks.models import FAILURES, TERMINAL, Origin, Process, ProcessStatus, Workflow

if TYPE_CHECKING:
    from django.http import QueryDict


class Group(TextChoices):
    """Statuses that people look for together."""

    ACTIVE = "active", _("Active")
    FAILED = "failed", _("Failed")
    COMPLETED = "completed", _("Completed")
    ABORTED = "aborted", _("Aborted")


STATUSES_OF: dict[str, tuple[ProcessStatus, ...]] = {
    Group.ACTIVE: tuple(status for status in ProcessStatus if status not in (*FAILURES, *TERMINAL)),
    Group.FAILED: FAILURES,
    Group.COMPLETED: (ProcessStatus.COMPLETED,),
    Group.ABORTED: (ProcessStatus.ABORTED,),
}


# Names are looked up first: with a key at hand, and not with a join, PostgreSQL knows which index is the short way.
def of_workflow(queryset: QuerySet[Process], _name: str, value: str) -> QuerySet[Process]:
    """Keep the processes of the workflow of that name."""
    workflow = Workflow.objects.filter(name=value).values_list("pk", flat=True).first()
    return queryset.none() if workflow is None else queryset.filter(workflow=workflow)


def started_by(queryset: QuerySet[Process], _name: str, value: str) -> QuerySet[Process]:
    """Keep the processes that the user of that name started."""
    user = User.objects.filter(username=value).values_list("pk", flat=True).first()
    return queryset.none() if user is None else queryset.filter(created_by=user)


def in_group(queryset: QuerySet[Process], _name: str, value: str) -> QuerySet[Process]:
    """Keep the processes in one of the statuses of a group."""
    return queryset.filter(status__in=STATUSES_OF[value])


def with_text(queryset: QuerySet[Process], _name: str, value: str) -> QuerySet[Process]:
    """Keep processes in whose task's name, reason or note every word begins so."""
    return texts.narrowed(queryset, texts.words_of(value))


class ProcessFilter(filters.FilterSet):  # type: ignore[misc]
    """Every parameter may be combined with every other; a value that makes no sense is refused by name."""

    group = filters.ChoiceFilter(choices=Group, method=in_group, label=_("Show"))
    status = filters.MultipleChoiceFilter(choices=ProcessStatus, distinct=False, label=_("Status"))
    workflow_name = filters.CharFilter(method=of_workflow, label=_("Task"))
    created_by = filters.CharFilter(method=started_by, label=_("Started by"))
    origin = filters.ChoiceFilter(choices=Origin, label=_("Came through"))
    schedule_id = filters.UUIDFilter(label=_("Schedule"))
    occurrence_id = filters.UUIDFilter(label=_("Due time"))
    started_after = filters.IsoDateTimeFilter(field_name="started_at", lookup_expr="gte", label=_("From"))
    started_before = filters.IsoDateTimeFilter(field_name="started_at", lookup_expr="lt", label=_("Until"))
    text = filters.CharFilter(method=with_text, label=_("Words in task, reason or note"))

    class Meta:
        model = Process
        fields: list[str] = []

    @property
    def parts(self) -> list[QuerySet[Process] | Source]:
        """What `qs` holds, in parts that may overlap and that an index serves each. For a form that is valid."""
        narrowed = self.queryset.all()
        for name, value in self.form.cleaned_data.items():
            if name != "text":
                narrowed = self.filters[name].filter(narrowed, value)
        seen = visible_workflows(self.request.user) if self.request else None
        return texts.branches(narrowed, texts.words_of(self.form.cleaned_data["text"]), seen)


def given(data: QueryDict | dict[str, Any]) -> bool:
    """Return whether any filter is set."""
    return any(data.get(name) for name in ProcessFilter.base_filters)
