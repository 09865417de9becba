"""Creates, edits and deletes schedules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.permissions import Action, Person, is_admin, may
from orchestrator_admin.ids import uuid7
from schedules import projection
from schedules.exceptions import Conflict, InvalidSchedule, NotPermitted, ScheduleError
from schedules.models import Schedule, TriggerKind
from schedules.policies import POLICIES, policy_errors
from schedules.services.access import available_actions, locked
from schedules.triggers import VERSION, Trigger, TriggerError, parse
from tasks import inputs
from tasks.exceptions import InvalidInputs, TaskError
from tasks.models import Workflow
from tasks.registry import get_workflow, label

TRIGGER_FIELDS = ("trigger", "trigger_kwargs", "time_zone")
EDITABLE = ("name", "workflow_name", "user_inputs", "tags", *TRIGGER_FIELDS, *POLICIES)
Errors = dict[str, list[str]]


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
    errors = _unknown(policies, ("tags", *POLICIES))
    known = _known_task(workflow_name, user, errors)
    key = uuid7()
    found = _trigger(trigger, trigger_kwargs, time_zone, errors, key, now)
    first = _first(found, now, errors) if found else None
    stored = _inputs(workflow_name, user_inputs, user, errors) if known else []
    errors |= _name_errors(name) | _tag_errors(policies.get("tags", [])) | policy_errors(policies)
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
    found = _trigger(declared["trigger"], declared["trigger_kwargs"], declared["time_zone"], errors, schedule.id, now)
    if found is None:
        raise InvalidSchedule(errors)
    _use(schedule, found, now)
    for name in POLICIES:
        setattr(schedule, name, declared.get("policies", {}).get(name, getattr(Schedule(), name)))
    schedule.overridden = False


def _apply(schedule: Schedule, changes: Mapping[str, Any], user: Person | None, now: datetime) -> None:
    """Check all changes and put them on the schedule, unsaved."""
    errors = _unknown(changes, EDITABLE)
    if schedule.function:
        errors |= {
            name: [_("It is declared in code, which decides this.")]
            for name in ("workflow_name", "user_inputs")
            if changes.get(name)
        }
    elif {"workflow_name", "user_inputs"} & set(changes):
        name = changes.get("workflow_name", schedule.workflow_name)
        if _known_task(name, user, errors):
            schedule.user_inputs = _inputs(name, changes.get("user_inputs", schedule.user_inputs), user, errors)
            schedule.workflow_id = name
        if user is not None and schedule.owner_id != user.pk and not is_admin(user):
            _own(schedule, user)
    found = None
    if set(TRIGGER_FIELDS) & set(changes):
        kwargs = changes.get("trigger_kwargs", {k: v for k, v in schedule.trigger_kwargs.items() if k != "timezone"})
        found = _trigger(
            changes.get("trigger", schedule.trigger),
            kwargs,
            changes.get("time_zone", schedule.time_zone),
            errors,
            schedule.id,
            now,
        )
        if found is not None and schedule.enabled:
            _first(found, now, errors)
    errors |= _name_errors(changes.get("name", schedule.name)) | _tag_errors(changes.get("tags", []))
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


def _trigger(kind: Any, kwargs: Any, time_zone: Any, errors: Errors, key: UUID, now: datetime) -> Trigger | None:
    """Read a trigger as people give it; note what is wrong with it by field."""
    if not isinstance(kind, str) or kind not in TriggerKind.values:
        errors["trigger"] = [_("Choose one of %(choices)s.") % {"choices": ", ".join(TriggerKind.values)}]
        return None
    if not isinstance(kwargs, Mapping):
        errors["trigger_kwargs"] = [_("Enter a mapping of the trigger's arguments.")]
        return None
    try:
        return parse(kind, dict(kwargs), time_zone=time_zone or settings.TIME_ZONE, salt=str(key), now=now)
    except TriggerError as error:
        for path, messages in error.errors.items():
            errors[path if path == "trigger" else f"trigger_kwargs.{path}".rstrip(".")] = list(messages)
        return None


def _first(trigger: Trigger, now: datetime, errors: Errors) -> datetime | None:
    """Return the first due time; a trigger that has none (any more) is refused."""
    first = trigger.first(now)
    if first is None:
        field = "trigger_kwargs.run_date" if trigger.kind == TriggerKind.DATE else "trigger_kwargs"
        errors[field] = [_("It is never due: all its times lie in the past, or there are none.")]
    return first


def _known_task(name: Any, user: Person | None, errors: Errors) -> bool:
    """Note an unknown task. Raises NotPermitted for one that the user may not schedule."""
    known = isinstance(name, str) and name != "" and Workflow.objects.filter(name=name).exists()
    if not known or not may(user, Action.SEE, name):
        errors["workflow_name"] = [_("There is no task named %(name)s.") % {"name": name}]
        return False
    if not may(user, Action.SCHEDULE, name):
        raise NotPermitted(str(label(name)))
    return True


def _inputs(name: str, user_inputs: Any, user: Person | None, errors: Errors) -> list[dict[str, Any]]:
    """Validate a task's inputs by its own form and return what is stored of them."""
    pages = [] if user_inputs is None else user_inputs
    if not isinstance(pages, Sequence) or not all(isinstance(page, Mapping) for page in pages):
        errors["user_inputs"] = [_("Enter a list of mappings, one for each page of the form.")]
        return []
    pages = [dict(page) for page in pages]
    try:
        source = get_workflow(name).initial_input_form
        return inputs.stored(source, pages, user=user)
    except InvalidInputs as error:
        for index, page in enumerate(error.errors):
            errors |= {f"user_inputs.{index}.{field}": list(messages) for field, messages in page.items()}
    except TaskError as error:
        errors["workflow_name"] = [str(error)]
    return []


def _unknown(given: Mapping[str, Any], known: Sequence[str]) -> Errors:
    return {name: [_("There is no such field.")] for name in given if name not in known}


def _name_errors(name: Any) -> Errors:
    if not isinstance(name, str) or not name.strip():
        return {"name": [_("Enter a name.")]}
    return {"name": [_("A name has at most 255 characters.")]} if len(name) > 255 else {}


def _tag_errors(tags: Any) -> Errors:
    good = isinstance(tags, list) and all(isinstance(tag, str) and 0 < len(tag) <= 50 for tag in tags)
    return {} if good else {"tags": [_("Enter a list of words of at most 50 characters.")]}
