""" "Run now": starts what a schedule would start, and leaves the schedule itself alone."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import act
from accounts.permissions import Action, Person
from schedules import projection
from schedules.decisions import STARTED, Verdict, apply, start_request
from schedules.exceptions import CannotStart
from schedules.models import Occurrence, Outcome, Schedule
from schedules.services.access import locked
from tasks.models import Origin
from tasks.services import start_many


def run_schedule_now(schedule_id: UUID | str, *, user: Person | None, origin: str = Origin.CODE) -> Occurrence:
    """Start the schedule's task now, in the name of `user`; a function declared in code is called by a scheduler.

    The occurrence that is returned is marked as manual, and says who asked through which door. Raises TaskError when
    the task may not start now.
    """
    with transaction.atomic():
        schedule, now = locked(schedule_id, user=user, action=Action.START)
        if schedule.removed_from_code_at is not None:
            raise CannotStart(_("%(name)s is no longer declared in code.") % {"name": schedule.name})
        occurrence = Occurrence(
            schedule=schedule,
            scheduled_at=now,
            fired_at=now,
            outcome=Outcome.STARTED,
            manual=True,
            origin=origin,
            asked_by=user.get_username() if user is not None else "",
        )
        start([occurrence], schedule, user)
        occurrence.save(force_insert=True)
        if schedule.function:  # what it starts, it starts as the system: here it says who asked
            act(schedule, "run")
        projection.notify([schedule.id], edited=bool(schedule.function))
    return occurrence


def start(occurrences: list[Occurrence], schedule: Schedule, user: Person | None) -> None:
    """Start the schedule's task for these occurrences, or put its function up to be called; unsaved.

    Raises the TaskError of the first one that is refused.
    """
    if schedule.function:
        for occurrence in occurrences:
            apply(occurrence, Verdict(Outcome.CLAIMED))
            occurrence.claim_expires_at = timezone.now()
        return
    requests = [replace(start_request(schedule, occurrence), user=user) for occurrence in occurrences]
    for occurrence, result in zip(occurrences, start_many(requests), strict=True):
        if isinstance(result, Exception):
            raise result
        apply(occurrence, STARTED)
