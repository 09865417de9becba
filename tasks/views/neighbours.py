"""What the application `schedules` knows about tasks. It stands above this one: its model is found by its label."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.apps import apps
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import JSONObject

from accounts.permissions import Action, Person, may
from tasks.models import Process, Workflow

# Stands for the functions declared in code where a permission wants a workflow's name.
FUNCTIONS = ""


class Outlook(NamedTuple):
    """When a task runs next by its schedules; and when a function that may start it last ran and started nothing."""

    next_run: datetime | None = None
    looked_at: datetime | None = None


def _schedules() -> QuerySet[Any, Any]:
    schedules: QuerySet[Any, Any] = apps.get_model("schedules", "Schedule")._default_manager.all()
    return schedules


def outlooks(names: Collection[str]) -> dict[str, Outlook]:
    """Return what schedules have in mind for each of the tasks `names`; of one without any, nothing. Two queries.

    A task may be started by schedules of its own, and by functions of code whose text names it. Of its own the first
    is looked up for each task: of all together PostgreSQL would read every schedule there is.
    """
    due = _schedules().filter(enabled=True, next_due_at__isnull=False)
    first = due.filter(workflow_id=OuterRef("name")).order_by("next_due_at").values("next_due_at")[:1]
    own = Workflow.objects.filter(name__in=names).order_by().values_list("name", Subquery(first))
    found = {name: Outlook(at) for name, at in own if at is not None}
    functions = due.filter(workflow_id=None, starts__overlap=list(names)).order_by()
    occurrences = apps.get_model("schedules", "Occurrence")._default_manager.filter(schedule=OuterRef("pk"))
    # The newest and no other is looked at: one that started something says nothing in its detail.
    last = Case(When(Q(outcome="started") & ~Q(detail=""), then=F("scheduled_at")))
    looked = Subquery(occurrences.order_by("-scheduled_at").annotate(looked=last).values("looked")[:1])
    for starts, at, looked_at in functions.values_list("starts", "next_due_at", looked):
        for name in starts:
            known = found.get(name, Outlook(at))
            moments = [moment for moment in (known.looked_at, looked_at) if moment]
            found[name] = Outlook(min(at, known.next_run or at), max(moments, default=None))
    return found


def schedules_of(name: str, user: Person, most: int = 20) -> list[Any]:
    """Return the schedules of a task that run next, of those that `user`, who sees the task, may see. Two queries.

    `last` of each is what became of its last due time: functions of code may well have run and started nothing.
    """
    either = Q(workflow_id=name)
    if may(user, Action.SEE, FUNCTIONS):
        either |= Q(starts__contains=[name])
    found = list(_schedules().filter(either, removed_from_code_at=None).order_by("next_due_at", "name")[:most])
    last = last_occurrences([each.pk for each in found])
    for each in found:
        each.last = last.get(each.pk)
    return found


def last_occurrences(schedules: Collection[UUID]) -> dict[UUID, Any]:
    """Return what became of the last due time of each schedule that has had one. One query."""
    occurrence = apps.get_model("schedules", "Occurrence")
    newest = occurrence._default_manager.filter(schedule=OuterRef("pk")).order_by("-scheduled_at")
    told = newest.values(told=JSONObject(at="scheduled_at", outcome="outcome", reason="reason", detail="detail"))[:1]
    found = {}
    for pk, last in _schedules().filter(pk__in=schedules).order_by().values_list("pk", Subquery(told)):
        if last is not None:
            found[pk] = occurrence(scheduled_at=datetime.fromisoformat(last.pop("at")), **last)
    return found


def schedule(pk: UUID | None, user: Person) -> Any | None:
    """Return the schedule that started something, unless it is gone or `user` may not see it."""
    found = None if pk is None else _schedules().filter(pk=pk).first()
    return found if found is not None and may(user, Action.SEE, found.workflow_id or FUNCTIONS) else None


def with_schedule_names(processes: QuerySet[Process], user: Person) -> QuerySet[Process]:
    """Add to each process `schedule_name`, of the schedule that started it and that `user` may see. No query more."""
    seen = Q(workflow_id=OuterRef("workflow__name"))
    if may(user, Action.SEE, FUNCTIONS):
        seen |= Q(workflow_id=None)
    name = _schedules().filter(seen, pk=OuterRef("schedule_id")).order_by().values("name")[:1]
    return processes.annotate(schedule_name=Subquery(name))
