"""Starts runs that waited for the previous run of their schedule to end, and gives up calls that nobody can make."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from schedules import projection
from schedules.decisions import (
    STARTED,
    Verdict,
    apply,
    engine_locked,
    permission_detail,
    permitted,
    start_request,
    still_going,
    verdict_of,
)
from schedules.models import Occurrence, Outcome, Reason, Schedule, SchedulerInstance
from tasks.services import start_many

logger = structlog.get_logger(__name__)

FIELDS = ["outcome", "reason", "detail", "fired_at", "claim_expires_at"]


def start_queued(*, limit: int = 200) -> bool:
    """Start the oldest waiting run of each schedule whose previous run has ended; return whether any was started."""
    waiting = Occurrence.objects.filter(outcome=Outcome.CLAIMED, reason=Reason.OVERLAP)
    oldest = waiting.order_by("schedule_id", "scheduled_at").distinct("schedule_id").values_list("id", "schedule_id")
    found = list(oldest[:limit])
    if not found or engine_locked():
        return False
    with transaction.atomic():
        # The schedule's lock orders this against firing, which decides about overlap under the same lock.
        locked = Schedule.objects.select_for_update(skip_locked=True, of=("self",)).select_related("owner")
        schedules = {row.id: row for row in locked.filter(id__in=[schedule_id for _id, schedule_id in found])}
        free = set(schedules) - still_going(list(schedules))
        mine = waiting.select_for_update(skip_locked=True).filter(id__in=[key for key, owner in found if owner in free])
        occurrences = list(mine)
        for occurrence in occurrences:
            occurrence.schedule = schedules[occurrence.schedule_id]
        _start(occurrences)
        Occurrence.objects.bulk_update(occurrences, FIELDS)
        projection.notify(list({occurrence.schedule_id for occurrence in occurrences}))
    return bool(occurrences)


def _start(occurrences: list[Occurrence]) -> None:
    """Start what may start, and give each occurrence its outcome; unsaved."""
    now = timezone.now()
    requests = []
    for occurrence in occurrences:
        occurrence.fired_at = now
        if occurrence.schedule.function:
            apply(occurrence, Verdict(Outcome.CLAIMED))
            occurrence.claim_expires_at = now
        elif not permitted(occurrence.schedule):
            apply(occurrence, Verdict(Outcome.SKIPPED, Reason.PERMISSION, permission_detail(occurrence.schedule)))
        else:
            requests.append((occurrence, start_request(occurrence.schedule, occurrence)))
    results = start_many([request for _occurrence, request in requests]) if requests else []
    for (occurrence, _request), result in zip(requests, results, strict=True):
        apply(occurrence, verdict_of(result) if isinstance(result, Exception) else STARTED)


def give_up_unknown_functions() -> int:
    """Mark calls as failed whose function no living scheduler declares any more; return how many."""
    now = timezone.now()
    alive = SchedulerInstance.objects.filter(heartbeat_at__gt=now - timedelta(seconds=15))
    declared = {job_id for ids in alive.values_list("declared", flat=True) for job_id in ids}
    nobody = Q(claim_expires_at__lt=now - timedelta(minutes=1)) & ~Q(schedule__job_id__in=declared)
    forced = Q(claim_expires_at=None, fired_at__lt=now - timedelta(days=1))  # by a command that must have died
    lost = Occurrence.objects.filter(nobody | forced, outcome=Outcome.CLAIMED, reason=Reason.NONE)
    return lost.update(
        outcome=Outcome.FAILED,
        reason=Reason.ERROR,
        detail=_("No running scheduler knows this function."),
        finished_at=now,
        claim_token=None,
        claim_expires_at=None,
    )
