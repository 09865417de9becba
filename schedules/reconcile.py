"""Turns declarations in code into rows, when a scheduler starts, and marks schedules that code no longer declares.

Only what changed is written: a restart never moves a schedule's clock. A person's override stays until they give the
declared trigger back. While schedulers with old and new code run side by side, a schedule counts as declared as long
as one living scheduler declares it; and a schedule file that cannot be imported removes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from schedules import projection, stored_triggers
from schedules.decorators import Declaration, autodiscover, scheduler
from schedules.models import Schedule, SchedulerInstance
from schedules.services.editing import use_declared
from schedules.triggers import from_field_kwargs
from tasks.registry import registered

logger = structlog.get_logger(__name__)


def reconcile_code_schedules() -> list[str]:
    """Write what code declares into the database; return the job ids that it declares.

    A declaration that cannot be understood is logged and left out; the others are unaffected.
    """
    autodiscover()
    known = []
    for declaration in scheduler.all().values():
        try:
            upsert(declaration)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("schedule_declaration_refused", job_id=declaration.job_id, function=declaration.path)
        known.append(declaration.job_id)
    return known


def upsert(declaration: Declaration) -> Schedule:
    """Create or update the row of one declaration. Raises InvalidSchedule when its trigger makes no sense."""
    wanted: dict[str, Any] = {
        "name": declaration.name,
        "function": declaration.path,
        "source_file": declaration.source_file,
        "declared_trigger": _declared(declaration),
        "starts": sorted(declaration.constants & set(registered())),
        "removed_from_code_at": None,
    }
    with transaction.atomic():
        _one_at_a_time()
        schedule = Schedule.objects.select_for_update().filter(job_id=declaration.job_id).first()
        if schedule is not None and all(getattr(schedule, field) == value for field, value in wanted.items()):
            return schedule
        if schedule is None:
            schedule = Schedule(job_id=declaration.job_id, system=True, version=0)
            redeclared = True
        else:
            back = schedule.removed_from_code_at is not None
            redeclared = back or schedule.declared_trigger != wanted["declared_trigger"]
        for field, value in wanted.items():
            setattr(schedule, field, value)
        if redeclared and not schedule.overridden:
            use_declared(schedule, timezone.now())
        elif redeclared and schedule.enabled and schedule.next_due_at is None:
            _go_on(schedule, timezone.now())
        schedule.version += 1
        schedule.save()
        projection.project([schedule.id])
        projection.notify([schedule.id], edited=True)
        logger.debug("schedule_declared", schedule_id=str(schedule.id), job_id=schedule.job_id)
    return schedule


def mark_removed(*, errors: Mapping[str, str] | None = None) -> int:
    """Mark the schedules that no living scheduler's code declares; return how many. They keep their history."""
    if autodiscover() if errors is None else errors:
        return 0
    now = timezone.now()
    with transaction.atomic():
        removed = list(_undeclared(now).select_for_update(skip_locked=True, of=("self",)))
        for schedule in removed:
            schedule.removed_from_code_at = now
            schedule.next_due_at = None
            schedule.version += 1
            schedule.save()
            logger.warning("schedule_removed_from_code", schedule_id=str(schedule.id), job_id=schedule.job_id)
        if removed:
            ids = [schedule.id for schedule in removed]
            projection.project(ids)
            projection.notify(ids, edited=True)
    return len(removed)


def _one_at_a_time() -> None:
    """Let schedulers that start together write their declarations one after another, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('orchestrator.schedules.reconcile'))")


def _undeclared(now: datetime) -> QuerySet[Schedule]:
    alive = SchedulerInstance.objects.filter(heartbeat_at__gt=now - timedelta(seconds=15))
    declared = {job_id for ids in alive.values_list("declared", flat=True) for job_id in ids} | set(scheduler.all())
    return Schedule.objects.filter(job_id__isnull=False, removed_from_code_at=None).exclude(job_id__in=declared)


def _declared(declaration: Declaration) -> dict[str, Any]:
    """Return a declaration's trigger and policies as JSON, to tell whether they changed since the last start."""
    kind, kwargs = from_field_kwargs(declaration.trigger, **declaration.trigger_fields)
    return {
        "trigger": kind,
        "trigger_kwargs": kwargs,
        "time_zone": settings.TIME_ZONE,
        "policies": dict(declaration.policies),
    }


def _go_on(schedule: Schedule, now: datetime) -> None:
    """Give an overridden schedule that is declared again its next due time, by its own trigger."""
    schedule.next_due_at = stored_triggers.trigger_of(schedule).first(now)
