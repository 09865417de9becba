"""`manage.py scheduler force`: runs one schedule here and now, with nothing else running.

What the schedule starts is not queued but run by this process, under a lease, so that no worker takes it meanwhile.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import account, act
from orchestrator_admin.ids import uuid7
from schedules import calls, reconcile
from schedules.decorators import Declaration, autodiscover, scheduler
from schedules.exceptions import UnknownJob
from schedules.models import Occurrence, Outcome, Schedule
from schedules.services.running import start
from tasks.exceptions import TaskError
from tasks.models import FAILURES, Origin, Process
from tasks.services import run_inline, unqueued

logger = structlog.get_logger(__name__)


def force(job_id: str) -> list[str]:
    """Run a schedule to the end of all that it starts; return a sentence for each thing that failed.

    `job_id` is the id of a job declared in code, the name of its function, or any schedule's id. Raises UnknownJob.
    """
    declaration = declared(job_id)
    schedule = reconcile.upsert(declaration) if declaration is not None else stored(job_id)
    act(schedule, "run")
    # As long as this block lasts, what is started is kept from the workers.
    with unqueued() as started:
        failures = _start_function(schedule, declaration) if declaration is not None else _start_task(schedule)
        for process_id in list(started.tokens) if not failures else []:
            process = run_inline(process_id)
            reason = process.failed_reason or None
            logger.info("process_ended", process_id=str(process_id), status=process.status, reason=reason)
            if process.status in FAILURES:
                failures.append(_failed(process))
    logger.info("schedule_forced", schedule_id=str(schedule.id), processes=len(started.tokens))
    return failures


def declared(job_id: str) -> Declaration | None:
    """Return the declaration with this id, or whose function has this name."""
    autodiscover()
    declarations = scheduler.all()
    by_name = (found for found in declarations.values() if found.function.__name__ == job_id or found.path == job_id)
    return declarations.get(job_id) or next(by_name, None)


def stored(schedule_id: str) -> Schedule:
    """Return the schedule with this id. Raises UnknownJob with the ids that there are."""
    try:
        return Schedule.objects.get(id=schedule_id, function="")
    except (Schedule.DoesNotExist, ValidationError, ValueError):
        tasks = Schedule.objects.filter(function="").values_list("id", flat=True)
        raise UnknownJob(schedule_id, [*scheduler.all(), *map(str, tasks)]) from None


def _start_function(schedule: Schedule, declaration: Declaration) -> list[str]:
    """Call the function; return why it failed, if it did."""
    now, token = timezone.now(), uuid7()
    # Claimed without an end, so that no scheduler takes it over.
    occurrence = _by_hand(schedule, now, outcome=Outcome.CLAIMED, claim_token=token)
    occurrence.save(force_insert=True)
    if calls.call(occurrence, declaration, token):
        return []
    calls.end_interrupted(occurrence, token)
    occurrence.refresh_from_db()
    return [_("%(name)s failed: %(why)s") % {"name": declaration.path, "why": occurrence.detail}]


def _start_task(schedule: Schedule) -> list[str]:
    """Start the schedule's task; return why it was refused, if it was."""
    occurrence = _by_hand(schedule, timezone.now(), outcome=Outcome.STARTED)
    try:
        with transaction.atomic():
            start([occurrence], schedule, schedule.owner)
            occurrence.save(force_insert=True)
    except TaskError as error:
        return [str(error)]
    return []


def _by_hand(schedule: Schedule, now: datetime, **fields: Any) -> Occurrence:
    """Return an occurrence, unsaved, that says which account of which machine asked for it."""
    return Occurrence(
        schedule=schedule,
        scheduled_at=now,
        fired_at=now,
        manual=True,
        origin=Origin.COMMAND,
        asked_by=account()[:255],
        **fields,
    )


def _failed(process: Process) -> str:
    values = {"name": process.workflow.name, "status": process.status, "why": process.failed_reason}
    return _("%(name)s ended %(status)s: %(why)s") % values
