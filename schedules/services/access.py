"""Who sees and changes which schedules.

A schedule is seen by whoever sees its task, and changed by whoever may schedule it. A function declared in code has no
task: roles decide about it, and starting it by hand needs the right to schedule, since it may start anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.permissions import Action, Person, may, visible_workflows
from schedules import firing
from schedules.exceptions import NotPermitted, ScheduleNotFound
from schedules.models import Schedule
from tasks.registry import label

# Stands for the functions declared in code where a permission wants a workflow's name: no workflow is called so.
FUNCTIONS = ""


@dataclass(frozen=True)
class Availability:
    """Whether somebody may do something now, and if not, why not."""

    allowed: bool
    why_not: str = ""


def visible_schedules(user: Person | None) -> QuerySet[Schedule]:
    """Return the schedules that `user` may see."""
    names = visible_workflows(user)
    if names is None:
        return Schedule.objects.all()
    seen = Q(workflow_id__in=names)
    if may(user, Action.SEE, FUNCTIONS):
        seen |= Q(workflow_id=None)
    return Schedule.objects.filter(seen)


def locked(
    schedule_id: UUID | str, *, user: Person | None, action: Action = Action.SCHEDULE
) -> tuple[Schedule, datetime]:
    """Lock a schedule and settle its past due times; return it and the moment up to which they are settled.

    For use inside a transaction. The moment lies after the lock was had: what fell due while waiting for it is settled.

    Raises ScheduleNotFound when it does not exist or `user` may not see it, NotPermitted when they may only see it.
    """
    schedule = lock(schedule_id)
    if not may(user, Action.SEE, schedule.workflow_name or FUNCTIONS):
        raise ScheduleNotFound(schedule_id)
    require(user, schedule, action)
    now = timezone.now()
    if schedule.enabled and schedule.next_due_at is not None and schedule.next_due_at <= now:
        firing.fire([schedule], now)
        schedule.refresh_from_db(from_queryset=Schedule.objects.select_related("owner"))
    return schedule, now


def lock(schedule_id: UUID | str) -> Schedule:
    """Lock and return a schedule. Raises ScheduleNotFound."""
    try:
        found = Schedule.objects.select_for_update(of=("self",)).select_related("owner").filter(id=schedule_id).first()
    except ValidationError:
        found = None
    if found is None:
        raise ScheduleNotFound(schedule_id)
    return found


def require(user: Person | None, schedule: Schedule, action: Action = Action.SCHEDULE) -> None:
    """Raise NotPermitted unless `user` may do `action` with what the schedule starts."""
    needed = Action.SCHEDULE if schedule.function else action
    if not may(user, needed, schedule.workflow_name or FUNCTIONS):
        raise NotPermitted(subject(schedule))


def subject(schedule: Schedule) -> str:
    """Return what the schedule starts, as people call it."""
    return str(label(schedule.workflow_name)) if schedule.workflow_name else schedule.name


def available_actions(schedule: Schedule, user: Person | None) -> dict[str, Availability]:
    """Return for each action on a schedule's page whether `user` may do it now, and why not."""
    name = schedule.workflow_name or FUNCTIONS
    may_change = may(user, Action.SCHEDULE, name)
    may_run = may(user, Action.SCHEDULE if schedule.function else Action.START, name)
    removed = schedule.removed_from_code_at is not None
    of_code = schedule.job_id is not None
    refusals = {
        "edit": _("It is no longer declared in code.") if removed else "",
        "delete": _("It is declared in code: remove it there, or pause it.") if of_code and not removed else "",
        "pause": _("It is paused already.") if not schedule.enabled else _("It never runs again.") if removed else "",
        "resume": _("It is not paused.") if schedule.enabled else "",
        "skip": "" if schedule.next_due_at is not None and schedule.enabled else _("It has no next run."),
        "run": _("It is no longer declared in code.") if removed else "",
        "restore": "" if of_code and schedule.overridden else _("It runs as declared."),
        "own": _cannot_own(schedule, user),
    }
    not_allowed = _("You may not change schedules of %(name)s.") % {"name": subject(schedule)}
    return {
        action: Availability(False, not_allowed)
        if not (may_run if action == "run" else may_change)
        else Availability(not refusal, refusal)
        for action, refusal in refusals.items()
    }


def _cannot_own(schedule: Schedule, user: Person | None) -> str:
    if schedule.function:
        return _("A function declared in code belongs to the system.")
    if user is None or schedule.owner_id == user.pk:
        return _("You own it already.")
    return ""
