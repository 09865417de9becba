"""What was missed while no scheduler ran, and what a person wants done about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Max, Min, QuerySet
from django.utils.translation import gettext as _

from accounts.audit import act
from accounts.permissions import Action, Person
from schedules import projection
from schedules.exceptions import ScheduleError
from schedules.models import Occurrence, Outcome, Reason, Schedule
from schedules.services.access import locked, visible_schedules
from schedules.services.pausing import Result
from schedules.services.running import start
from tasks.exceptions import TaskError
from tasks.models import Origin

# The most that "start all" starts of one schedule.
AT_MOST = 1000
# The most schedules that are asked about at a time.
SHOWN = 200


@dataclass(frozen=True)
class Missed:
    """The missed due times of one schedule that nobody has decided about."""

    schedule: Schedule
    count: int
    first_at: datetime
    last_at: datetime
    latest: Occurrence | None


@dataclass(frozen=True)
class Size:
    """How many schedules have missed due times that nobody has decided about, and how many due times that are."""

    schedules: int
    due_times: int


def outage_report(user: Person | None, *, since: datetime | None = None, limit: int = SHOWN) -> list[Missed]:
    """Return what was missed and is undecided, by schedule, of the schedules that `user` sees; newest first.

    At most `limit` schedules: those beyond come when these are decided on (`outage_size` tells how many there are).
    """
    missed = _missed(user, since)
    counted = (
        missed.order_by()
        .values("schedule")
        .annotate(count=Count("id"), first_at=Min("scheduled_at"), last_at=Max("scheduled_at"))
    )
    rows = {row["schedule"]: row for row in counted.order_by("-last_at", "schedule")[:limit]}
    newest = missed.filter(schedule__in=list(rows)).order_by("schedule_id", "-scheduled_at").distinct("schedule_id")
    latest = {occurrence.schedule_id: occurrence for occurrence in newest.select_related("schedule")}
    return [
        Missed(latest[key].schedule, row["count"], row["first_at"], row["last_at"], latest[key])
        for key, row in rows.items()
        if key in latest
    ]


def outage_size(user: Person | None, *, since: datetime | None = None) -> Size:
    """Return how much there is to decide about, of the schedules that `user` sees."""
    counted = _missed(user, since).aggregate(schedules=Count("schedule", distinct=True), due_times=Count("id"))
    return Size(**counted)


def start_missed(
    schedule_ids: Iterable[UUID], which: str, *, user: Person | None, origin: str = Origin.CODE
) -> list[Result]:
    """Start the latest, all (at most a thousand) or none of the missed due times of each schedule, and settle the rest.

    What is started keeps its due time, becomes "started", and says who asked for it through which door, as its process
    does; what is not stays "missed" but is no longer offered.
    """
    if which not in {"latest", "all", "none"}:
        raise ValueError(which)
    results = []
    for schedule_id in schedule_ids:
        try:
            with transaction.atomic():
                _decide(schedule_id, which, user, origin)
        except (ScheduleError, TaskError) as error:
            results.append(Result(schedule_id, False, str(error)))
        else:
            results.append(Result(schedule_id, True))
    return results


def _decide(schedule_id: UUID, which: str, user: Person | None, origin: str) -> None:
    schedule, now = locked(schedule_id, user=user, action=Action.START)
    missed = _undecided().filter(schedule=schedule)
    wanted = {"latest": 1, "all": AT_MOST, "none": 0}[which]
    chosen = list(missed.order_by("-scheduled_at")[:wanted])
    decided = {"decided_at": now, "decided_by": user}
    missed.exclude(id__in=[occurrence.id for occurrence in chosen]).update(**decided)
    for occurrence in chosen:
        occurrence.origin = origin
        occurrence.asked_by = "" if user is None else user.get_username()
    start(chosen, schedule, user)
    if chosen and schedule.function:  # what it starts, it starts as the system: here it says who asked
        act(schedule, "run")
    for occurrence in chosen:
        occurrence.detail = _("Missed; started later by %(user)s.") % {"user": user or _("the system")}
        occurrence.fired_at = occurrence.decided_at = now
        occurrence.decided_by_id = None if user is None else user.pk
    fields = [
        "outcome", "reason", "detail", "fired_at", "claim_expires_at", "decided_at", "decided_by", "origin", "asked_by",
    ]  # fmt: skip
    Occurrence.objects.bulk_update(chosen, fields, batch_size=500)
    projection.notify([schedule.id], edited=bool(schedule.function))


def _missed(user: Person | None, since: datetime | None) -> QuerySet[Occurrence]:
    missed = _undecided().filter(schedule__in=visible_schedules(user))
    return missed if since is None else missed.filter(scheduled_at__gte=since)


def _undecided() -> QuerySet[Occurrence]:
    return Occurrence.objects.filter(outcome=Outcome.MISSED, reason=Reason.LATE, decided_at=None)
