"""Calls the functions of code schedules: each call and its occurrence's outcome are one transaction.

Guarantee: what a function starts and the outcome "started" commit together, once. A scheduler claims an occurrence,
renews the claim while the function runs, and may commit only while the claim is its own. The claim of a scheduler that
died, or whose connection broke, runs out, and the function is called again; after `MOST_ATTEMPTS` such calls the
occurrence is given up. An exception is recorded with its traceback, and what the function had started is undone.

Threading: `Calls.dispatch` and `Calls.renew` belong to the scheduler's background thread; functions run in the pool's
threads, each on its own connection, never in the loop.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

import structlog
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from schedules import projection
from schedules.decisions import Verdict, engine_locked, verdict_of
from schedules.decorators import Declaration, scheduler
from schedules.ledger import storable
from schedules.models import Occurrence, Outcome, Reason, Schedule
from tasks.exceptions import TaskError
from tasks.models import Origin, Process
from tasks.services import starting_from

logger = structlog.get_logger(__name__)

CLAIM = timedelta(seconds=15)
MOST_ATTEMPTS = 5


class ClaimLost(Exception):
    """Another scheduler took the call over: this one's work must leave no trace."""


class Calls:
    """The calls that this scheduler has claimed."""

    def __init__(self, threads: int = 4) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="function")
        self._lock = threading.Lock()
        self._running: dict[UUID, UUID] = {}

    def dispatch(self) -> int:
        """Claim what waits for a call, as far as threads are free, and start calling; return how many."""
        with self._lock:
            free = self._threads - len(self._running)
        if free <= 0 or engine_locked():
            return 0
        claimed = claim(scheduler.all(), free)
        for occurrence, declaration, token in claimed:
            with self._lock:
                self._running[occurrence.id] = token
            self._pool.submit(self._call, occurrence, declaration, token)
        return len(claimed)

    def renew(self) -> None:
        """Keep the claims of the calls that are still running."""
        with self._lock:
            tokens = list(self._running.values())
        if tokens:
            mine = Occurrence.objects.filter(claim_token__in=tokens, outcome=Outcome.CLAIMED)
            mine.update(claim_expires_at=timezone.now() + CLAIM)

    def stop(self, *, wait: bool) -> None:
        """Take no more calls; with `wait`, let the running ones finish."""
        self._pool.shutdown(wait=wait, cancel_futures=True)

    def _call(self, occurrence: Occurrence, declaration: Declaration, token: UUID) -> None:
        try:
            call(occurrence, declaration, token)
        except Exception:
            logger.exception("function_outcome_unwritten", occurrence_id=str(occurrence.id))
        finally:
            with self._lock:
                self._running.pop(occurrence.id, None)
            connection.close()


def claim(known: Collection[str], at_most: int) -> list[tuple[Occurrence, Declaration, UUID]]:
    """Claim occurrences whose function is to be called and that this code knows; give up those that keep killing."""
    now, declarations = timezone.now(), scheduler.all()
    with transaction.atomic():
        waiting = Occurrence.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            outcome=Outcome.CLAIMED, reason=Reason.NONE, claim_expires_at__lte=now, schedule__job_id__in=list(known)
        )
        claimed = []
        for occurrence in waiting.select_related("schedule__owner").order_by("scheduled_at")[:at_most]:
            if occurrence.attempts >= MOST_ATTEMPTS:
                _give_up(occurrence)
                continue
            occurrence.claim_token, occurrence.claim_expires_at = uuid4(), now + CLAIM
            occurrence.attempts += 1
            occurrence.save(update_fields=["claim_token", "claim_expires_at", "attempts"])
            claimed.append((occurrence, declarations[occurrence.schedule.job_id or ""], occurrence.claim_token))
    return claimed


def call(occurrence: Occurrence, declaration: Declaration, token: UUID) -> bool:
    """Call a function for the occurrence claimed with `token`; return whether it came to its end.

    What it raises is recorded at the occurrence and logged. When the transaction's connection breaks meanwhile, nothing
    was committed, whatever the function made of it: the claim runs out, and the function is called again.
    """
    schedule = occurrence.schedule
    with structlog.contextvars.bound_contextvars(schedule_id=str(schedule.id), occurrence_id=str(occurrence.id)):
        logger.info("function_called", function=declaration.path)
        carrier = None
        try:
            with transaction.atomic():
                carrier = connection.connection
                _call_as(schedule, occurrence, declaration)
                _conclude(occurrence, token, _ended(occurrence))
        except ClaimLost:
            logger.warning("function_claim_lost", function=declaration.path)
        except BaseException as error:
            # Django makes a new connection when it leaves the block: what counts is the one that carried it.
            if carrier is None or carrier.broken:
                logger.warning("function_interrupted", function=declaration.path, error=str(error).strip())
            else:
                _fail(occurrence, token, declaration, error)
        else:
            logger.info("function_finished", function=declaration.path)
            return True
    return False


def end_interrupted(occurrence: Occurrence, token: UUID) -> None:
    """Record a call that was cut off as failed, where nobody will call again."""
    with suppress(ClaimLost), transaction.atomic():
        detail = _("The connection to the database broke; nothing was started.")
        _conclude(occurrence, token, Verdict(Outcome.FAILED, Reason.ERROR, detail))


def _call_as(schedule: Schedule, occurrence: Occurrence, declaration: Declaration) -> None:
    origin = occurrence.origin or Origin.SCHEDULE
    with starting_from(origin=origin, schedule_id=schedule.id, occurrence_id=occurrence.id, user=schedule.owner):
        declaration.call()


def _ended(occurrence: Occurrence) -> Verdict:
    """Return what became of a call that came to its end; a function may decide that there is nothing to start."""
    started = Process.objects.filter(occurrence_id=occurrence.id).exists()
    return Verdict(Outcome.STARTED, detail="" if started else _("It ran, and started nothing."))


def _conclude(occurrence: Occurrence, token: UUID, verdict: Verdict, trace: str = "") -> None:
    """Write the outcome, if the claim is still ours. Raises ClaimLost."""
    changed = Occurrence.objects.filter(id=occurrence.id, claim_token=token, outcome=Outcome.CLAIMED).update(
        outcome=verdict.outcome,
        reason=verdict.reason,
        detail=storable(verdict.detail),
        traceback=storable(trace),
        finished_at=timezone.now(),
        claim_token=None,
        claim_expires_at=None,
    )
    if not changed:
        raise ClaimLost
    projection.notify([occurrence.schedule_id])


def _fail(occurrence: Occurrence, token: UUID, declaration: Declaration, error: BaseException) -> None:
    logger.error("function_failed", function=declaration.path, exc_info=error)
    if isinstance(error, TaskError):
        verdict = verdict_of(error)
    else:
        verdict = Verdict(Outcome.FAILED, Reason.ERROR, f"{type(error).__name__}: {error}")
    trace = "".join(traceback.format_exception(error))
    try:
        with transaction.atomic():
            _conclude(occurrence, token, verdict, trace)
    except ClaimLost:
        logger.warning("function_claim_lost", function=declaration.path)


def _give_up(occurrence: Occurrence) -> None:
    logger.error("function_given_up", schedule_id=str(occurrence.schedule_id), attempts=occurrence.attempts)
    occurrence.outcome, occurrence.reason = Outcome.FAILED, Reason.ERROR
    occurrence.detail = _("Given up: %(count)d calls were cut off by the end of their scheduler or connection.") % {
        "count": occurrence.attempts
    }
    occurrence.finished_at = timezone.now()
    occurrence.claim_token = occurrence.claim_expires_at = None
    occurrence.save()
    projection.notify([occurrence.schedule_id])
