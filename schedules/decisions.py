"""Decides, within the firing transaction, whether a due time starts, waits, or is skipped, and starts what starts.

A `Decider` serves one batch of locked schedules: it asks the database once for what the whole batch needs to know,
collects verdicts, and starts all processes together in `settle`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.permissions import Action, may, preload
from schedules.models import Occurrence, Outcome, Overlap, Reason, Schedule
from tasks import exceptions, sql
from tasks.models import Origin, Process, ProcessStatus
from tasks.services import StartRequest, start_many

logger = structlog.get_logger(__name__)

# While the engine is locked, what falls due is queued and runs after the unlock, instead of being skipped.
LOCK_HOLDS: bool = getattr(settings, "ORCHESTRATOR_LOCK_HOLDS_SCHEDULES", False)
# A run in one of these is still going: the next one would overlap with it. Failed ones have stopped.
GOING = (
    ProcessStatus.CREATED,
    ProcessStatus.RUNNING,
    ProcessStatus.SUSPENDED,
    ProcessStatus.WAITING,
    ProcessStatus.AWAITING_CALLBACK,
    ProcessStatus.RESUMED,
)
REASONS: dict[type[Exception], Reason] = {
    exceptions.PredicateRefused: Reason.PREDICATE,
    exceptions.InvalidInputs: Reason.INPUTS,
    exceptions.EngineLocked: Reason.ENGINE_LOCKED,
    exceptions.NotPermitted: Reason.PERMISSION,
}


@dataclass(frozen=True)
class Verdict:
    """What becomes of a due time, and why."""

    outcome: Outcome
    reason: Reason = Reason.NONE
    detail: str = ""


STARTED = Verdict(Outcome.STARTED)


def verdict_of(error: Exception) -> Verdict:
    """Return what a refused start means for the due time: skipped by a rule, or failed to start."""
    for kind, reason in REASONS.items():
        if isinstance(error, kind):
            return Verdict(Outcome.SKIPPED, reason, str(error))
    return Verdict(Outcome.FAILED, Reason.ERROR, str(error) or type(error).__name__)


def engine_locked() -> bool:
    """Tell whether somebody locked the whole engine."""
    return bool(sql.fetch("SELECT FROM tasks_enginesettings WHERE global_lock"))


def still_going(schedule_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of these schedules that have an unfinished run: a process, or a function being called."""
    ids = list(schedule_ids)
    if not ids:
        return set()
    processes = Process.objects.filter(schedule_id__in=ids, status__in=GOING).values_list("schedule_id", flat=True)
    calls = Occurrence.objects.filter(schedule_id__in=ids, outcome=Outcome.CLAIMED, reason=Reason.NONE)
    calls = calls.exclude(claim_expires_at=None)  # one that was forced from the command line binds nobody
    return {found for found in processes.distinct() if found} | set(calls.values_list("schedule_id", flat=True))


def waiting_for_turn(schedule_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of these schedules that have a run which waits for the previous one to end."""
    if not schedule_ids:
        return set()
    waiting = Occurrence.objects.filter(schedule_id__in=schedule_ids, outcome=Outcome.CLAIMED, reason=Reason.OVERLAP)
    return set(waiting.values_list("schedule_id", flat=True))


class Decider:
    """Verdicts for one batch. `troubles` names, by schedule, what keeps its task from being started at all."""

    def __init__(self, schedules: Sequence[Schedule], now: datetime, *, failing: str = "") -> None:
        self.now = now
        self._failing = failing
        self.troubles: dict[UUID, str] = {}
        self._locked = not LOCK_HOLDS and engine_locked()
        exclusive = [schedule.id for schedule in schedules if schedule.overlap != Overlap.ALLOW]
        self._going = still_going(exclusive)
        self._queued = waiting_for_turn(exclusive)
        self._skip_next = {schedule.id for schedule in schedules if schedule.skip_next}
        preload(schedule.owner for schedule in schedules if schedule.owner is not None)
        self._permitted: dict[tuple[Any, str | None], bool] = {}
        self._occurrences: list[Occurrence] = []
        self._starts: list[tuple[Occurrence, StartRequest]] = []

    def record(self, schedule: Schedule, at: datetime, verdict: Verdict) -> Occurrence:
        """Note the verdict on a due time."""
        occurrence = Occurrence(
            schedule=schedule,
            scheduled_at=at,
            outcome=verdict.outcome,
            reason=verdict.reason,
            detail=verdict.detail,
            fired_at=self.now,
        )
        self._occurrences.append(occurrence)
        return occurrence

    def run(self, schedule: Schedule, at: datetime, *, catching_up: bool = False) -> None:
        """Let the due time run, unless a rule is against it. Runs that catch up wait for each other."""
        refusal = self._refusal(schedule, catching_up=catching_up)
        if refusal is not None:
            self.record(schedule, at, refusal)
            return
        self._going.add(schedule.id)
        if schedule.function:
            occurrence = self.record(schedule, at, Verdict(Outcome.CLAIMED))
            occurrence.claim_expires_at = self.now
            return
        occurrence = self.record(schedule, at, STARTED)
        self._starts.append((occurrence, start_request(schedule, occurrence)))

    def settle(self) -> list[Occurrence]:
        """Start what is to start and return all occurrences, not yet written, with their outcome."""
        requests = [request for _occurrence, request in self._starts]
        results = start_many(requests, hold_when_locked=LOCK_HOLDS, savepoint=False) if requests else []
        fired_at = timezone.now()
        for (occurrence, request), result in zip(self._starts, results, strict=True):
            if isinstance(result, Exception):
                apply(occurrence, verdict_of(result))
                if isinstance(result, exceptions.UnknownWorkflow | exceptions.WorkflowImportError):
                    self.troubles[occurrence.schedule_id] = str(result)
                logger.warning(
                    "start_refused",
                    schedule_id=str(occurrence.schedule_id),
                    workflow_name=request.workflow_name,
                    outcome=occurrence.outcome,
                    reason=occurrence.detail,
                )
        for occurrence in self._occurrences:
            occurrence.fired_at = fired_at
        return self._occurrences

    def _refusal(self, schedule: Schedule, *, catching_up: bool) -> Verdict | None:
        if self._failing:
            return Verdict(Outcome.FAILED, Reason.ERROR, self._failing)
        if schedule.id in self._skip_next:
            self._skip_next.discard(schedule.id)
            return Verdict(Outcome.SKIPPED, Reason.SKIP_NEXT)
        if self._locked:
            return Verdict(Outcome.SKIPPED, Reason.ENGINE_LOCKED)
        if not self._is_permitted(schedule):
            return Verdict(Outcome.SKIPPED, Reason.PERMISSION, permission_detail(schedule))
        if schedule.overlap == Overlap.ALLOW or schedule.id not in self._going:
            return None
        if catching_up or (schedule.overlap == Overlap.QUEUE and schedule.id not in self._queued):
            self._queued.add(schedule.id)
            return Verdict(Outcome.CLAIMED, Reason.OVERLAP)
        return Verdict(Outcome.SKIPPED, Reason.OVERLAP)

    def _is_permitted(self, schedule: Schedule) -> bool:
        key = (schedule.owner_id, schedule.workflow_name)
        if key not in self._permitted or (schedule.owner_id is None and not schedule.system):
            self._permitted[key] = permitted(schedule)
        return self._permitted[key]


def permitted(schedule: Schedule) -> bool:
    """Tell whether the schedule's owner may start its task now; the system itself may."""
    if schedule.owner is None:
        return schedule.system
    return schedule.workflow_name is None or may(schedule.owner, Action.START, schedule.workflow_name)


def permission_detail(schedule: Schedule) -> str:
    """Say whose permission is missing."""
    if schedule.owner is None:
        return _("Its owner's account no longer exists. Somebody must take ownership.")
    return _("%(user)s may not start it.") % {"user": schedule.owner}


def start_request(schedule: Schedule, occurrence: Occurrence) -> StartRequest:
    """Return what starts the task of this schedule for this occurrence, as its owner."""
    return StartRequest(
        workflow_name=schedule.workflow_name or "",
        user_inputs=schedule.user_inputs,
        user=schedule.owner,
        origin=occurrence.origin or Origin.SCHEDULE,
        schedule_id=schedule.id,
        occurrence_id=occurrence.id,
    )


def apply(occurrence: Occurrence, verdict: Verdict) -> None:
    """Put a verdict on an occurrence, unsaved."""
    occurrence.outcome, occurrence.reason, occurrence.detail = verdict.outcome, verdict.reason, verdict.detail
