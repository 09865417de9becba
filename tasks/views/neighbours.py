"""What the application `schedules` knows about tasks. It stands above this one: its model is found by its label."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Min, QuerySet


def _schedules() -> QuerySet[Any, Any]:
    schedules: QuerySet[Any, Any] = apps.get_model("schedules", "Schedule")._default_manager.all()
    return schedules


def next_runs(names: Collection[str]) -> dict[str, datetime]:
    """Return when each of the tasks `names` runs next; one that is not scheduled is absent. One query."""
    due = _schedules().filter(workflow_id__in=names, enabled=True, next_due_at__isnull=False).order_by()
    return dict(due.values_list("workflow_id").annotate(Min("next_due_at")))


def schedules_of(name: str, most: int = 20) -> list[Any]:
    """Return the schedules of a task that run next. One query."""
    return list(_schedules().filter(workflow_id=name).order_by("next_due_at", "name")[:most])


def schedule(pk: UUID | None) -> Any | None:
    """Return the schedule that started something, unless it is gone."""
    return None if pk is None else _schedules().filter(pk=pk).first()
