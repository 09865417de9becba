"""Creates, edits and deletes schedules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.permissions import Person, is_admin
from orchestrator_admin.ids import uuid7
from schedules import projection
from schedules.exceptions import Conflict, InvalidSchedule, NotPermitted, ScheduleError
from schedules.models import Schedule, TriggerKind
from schedules.policies import POLICIES, policy_errors
from schedules.services.access import available_actions, locked
from schedules.services.judging import (
    Errors,
    first_due,
    known_task,
    name_errors,
    stored_inputs,
    tag_errors,
    trigger_of,
    unknown_fields,
)
from schedules.triggers import VERSION, Trigger

TRIGGER_FIELDS = ("trigger", "trigger_kwargs", "time_zone")
EDITABLE = ("name", "workflow_name", "user_inputs", "tags", *TRIGGER_FIELDS, *POLICIES)


def create_schedule(
    *,
    name: str,
    workflow_name: str,
    trigger: str,
    trigger_kwargs: Mapping[str, Any],
    user_inputs: Sequence[Mapping[str, Any]] | None = None,
    user: Person | None,
    time_zone: str | None = None,
    **policies: Any,
) -> Schedule:
    """Create a schedule that starts a task in the name of `user` (None: of the system itself).

    `policies`: misfire_grace (seconds), catch_up, catch_up_limit, overlap, skip_next, tags. Raises InvalidSchedule with
    every field that is wrong, NotPermitted when the user may not schedule this task.
    """
    now = timezone.now()
    errors = unknown_fields(policies, ("tags", *POLICIES))
    known = known_task(workflow_name, user, errors)
    key = uuid7()
    found = trigger_of(trigger, trigger_kwargs, time_zone, errors, key, now)
    first = first_due(found, now, errors) if found else None
    stored = stored_inputs(workflow_name, user_inputs, user, errors) if known else []
    errors |= name_errors(name) | tag_errors(policies.get("tags", [])) | policy_errors(policies)
    if errors or found is None:
        raise InvalidSchedule(errors)
    with transaction.atomic():
        schedule = Schedule.objects.create(
            id=key,
            name=name.strip(),
            workflow_id=workflow_name,
            user_inputs=stored,
            owner_id=None if user is None else user.pk,
            system=user is None,
            trigger=found.kind,
            trigger_kwargs=found.kwargs,
            trigger_version=VERSION,
            time_zone=found.time_zone,
            next_due_at=first,
            **policies,
        )
        _publish(schedule)
    return schedule


def edit_schedule(
    schedule_id: UUID | str, changes: Mapping[str, Any], *, user: Person | None, expected_version: int | None = None
) -> Schedule:
    """Change some fields of a schedule; what fell due before is settled under its old form.

    With `expected_version`, raises Conflict when somebody changed it since. An edit of what is started, by somebody
    else than the owner, makes them the owner: nothing is started in the name of a person who did not choose it. Only
    an admin's edit leaves the owner, who may do less than an admin; admins take ownership when they mean to.
    """
    with transaction.atomic():
        schedule, now = locked(schedule_id, user=user)
        if expected_version is not None and schedule.version != expected_version:
            raise Conflict(schedule.name)
        _apply(schedule, changes, user, now)
        schedule.version += 1
        schedule.save()
        _publish(schedule)
    return schedule


def delete_schedule(schedule_id: UUID | str, *, user: Person | None) -> None:
    """Delete a schedule with its ledger; the processes that it started stay.

    One that is declared in code would come back at the scheduler's next start, so it is refused: pause it instead.
    """
    with transaction.atomic():
        schedule, _now = locked(schedule_id, user=user)
        possible = available_actions(schedule, user)["delete"]
        if not possible.allowed:
            raise ScheduleError(possible.why_not)
        key = schedule.id
        schedule.delete()
        projection.project([key])
        projection.notify([key], edited=True)


def take_ownership(schedule_id: UUID | str, *, user: Person) -> Schedule:
    """Make `user` the one in whose name the schedule starts its task."""
    with transaction.atomic():
        schedule, _now = locked(schedule_id, user=user)
        if schedule.function:
            raise NotPermitted(schedule.name)
        _own(schedule, user)
        schedule.version += 1
        schedule.save()
        _publish(schedule)
    return schedule


def restore_declared_trigger(schedule_id: UUID | str, *, user: Person | None) -> Schedule:
    """Give a schedule that is declared in code the trigger and the policies of its declaration back."""
    with transaction.atomic():
        schedule, now = locked(schedule_id, user=user)
        if schedule.declared_trigger is None:
            raise ScheduleError(_("%(name)s is not declared in code.") % {"name": schedule.name})
        use_declared(schedule, now)
        schedule.version += 1
        schedule.save()
        _publish(schedule)
    return schedule


def use_declared(schedule: Schedule, now: datetime) -> None:
    """Put the declared trigger and policies into force, unsaved."""
    declared = schedule.declared_trigger or {}
    errors: Errors = {}
    found = trigger_of(declared["trigger"], declared["trigger_kwargs"], declared["time_zone"], errors, schedule.id, now)
    if found is None:
        raise InvalidSchedule(errors)
    _use(schedule, found, now)
    for name in POLICIES:
        setattr(schedule, name, declared.get("policies", {}).get(name, getattr(Schedule(), name)))
    schedule.overridden = False


def _apply(schedule: Schedule, changes: Mapping[str, Any], user: Person | None, now: datetime) -> None:
    """Check all changes and put them on the schedule, unsaved."""
    errors = unknown_fields(changes, EDITABLE)
    if schedule.function:
        errors |= {
            name: [_("It is declared in code, which decides this.")]
            for name in ("workflow_name", "user_inputs")
            if changes.get(name)
        }
    elif {"workflow_name", "user_inputs"} & set(changes):
        name = changes.get("workflow_name", schedule.workflow_name)
        if known_task(name, user, errors):
            schedule.user_inputs = stored_inputs(name, changes.get("user_inputs", schedule.user_inputs), user, errors)
            schedule.workflow_id = name
        if user is not None and schedule.owner_id != user.pk and not is_admin(user):
            _own(schedule, user)
    found = None
    if set(TRIGGER_FIELDS) & set(changes):
        kwargs = changes.get("trigger_kwargs", {k: v for k, v in schedule.trigger_kwargs.items() if k != "timezone"})
        found = trigger_of(
            changes.get("trigger", schedule.trigger),
            kwargs,
            changes.get("time_zone", schedule.time_zone),
            errors,
            schedule.id,
            now,
        )
        if found is not None and schedule.enabled:
            first_due(found, now, errors)
    errors |= name_errors(changes.get("name", schedule.name)) | tag_errors(changes.get("tags", []))
    errors |= policy_errors({name: changes[name] for name in POLICIES if name in changes})
    if errors:
        raise InvalidSchedule(errors)
    if found is not None:
        _use(schedule, found, now)
    for name in ("name", "tags", *POLICIES):
        if name in changes:
            setattr(schedule, name, changes[name])
    schedule.name = schedule.name.strip()
    if schedule.job_id and (found is not None or set(POLICIES) & set(changes)):
        schedule.overridden = True


def _use(schedule: Schedule, found: Trigger, now: datetime) -> None:
    """Put a trigger into force from now on, unsaved; a parked schedule runs again."""
    schedule.trigger = TriggerKind(found.kind)
    schedule.trigger_kwargs = found.kwargs
    schedule.trigger_version = VERSION
    schedule.time_zone = found.time_zone
    schedule.next_due_at = found.first(now) if schedule.enabled and schedule.removed_from_code_at is None else None
    schedule.parked_reason = ""
    schedule.skip_next = False


def _own(schedule: Schedule, user: Person) -> None:
    schedule.owner_id = user.pk
    schedule.system = False


def _publish(schedule: Schedule) -> None:
    projection.project([schedule.id])
    projection.notify([schedule.id], edited=True)
