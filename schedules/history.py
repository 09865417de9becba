"""Brings back what a schedule was: each entry of its trail holds all that people can edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accounts.audit import event_model
from schedules.exceptions import ScheduleNotFound
from schedules.models import Schedule
from schedules.services import edit_schedule, visible_schedules
from tasks.secrets import reveal

if TYPE_CHECKING:
    from uuid import UUID

    from accounts.permissions import Person

BROUGHT_BACK: Final = ("name", "trigger", "trigger_kwargs", "time_zone", "tags", "misfire_grace", "catch_up",
                       "catch_up_limit", "overlap")  # fmt: skip


def revert(schedule_id: UUID, event_id: int, *, user: Person | None) -> Schedule:
    """Give the schedule the values that it had after an entry of its trail, as an edit of its own by `user`.

    A pause stays as it is: it is no value but a state. Raises ScheduleNotFound also for an entry of another schedule,
    and what `edit_schedule` raises.
    """
    schedule = visible_schedules(user).filter(pk=schedule_id).first()
    events: Any = event_model(Schedule)
    event = events.objects.filter(pgh_id=event_id, pgh_obj_id=schedule_id).first()
    if schedule is None or event is None:
        raise ScheduleNotFound(schedule_id)
    changes: dict[str, Any] = {
        name: getattr(event, name) for name in BROUGHT_BACK if getattr(event, name) != getattr(schedule, name)
    }
    if {"trigger", "trigger_kwargs", "time_zone"} & changes.keys():
        changes |= {name: getattr(event, name) for name in ("trigger", "trigger_kwargs", "time_zone")}
    if event.workflow_id != schedule.workflow_id or event.user_inputs != schedule.user_inputs:
        changes |= {"workflow_name": event.workflow_id, "user_inputs": reveal(event.user_inputs)[0]}
    return edit_schedule(schedule_id, changes, user=user) if changes else schedule
