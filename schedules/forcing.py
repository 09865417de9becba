"""`manage.py scheduler force`: runs one schedule here and now, with nothing else running.

What the schedule starts is not queued but run by this process, under a lease, so that no worker takes it meanwhile.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from uuid import UUID

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orchestrator_admin.ids import uuid7
from schedules import calls, reconcile
from schedules.decorators import Declaration, autodiscover, scheduler
from schedules.exceptions import UnknownJob
from schedules.models import Occurrence, Outcome, Schedule
from schedules.services.running import start
from tasks.exceptions import TaskError
from tasks.models import Process, ProcessStatus
from tasks.services import run_inline, unqueued

logger = structlog.get_logger(__name__)


def force(job_id: str) -> list[str]:
    """Run a schedule to the end of all that it starts; return a sentence for each thing that failed.

    `job_id` is the id of a job declared in code, the name of its function, or any schedule's id. Raises UnknownJob.
    """
    declaration = declared(job_id)
    if declaration is not None:
        occurrence, started, failures = _forced_function(declaration)
    else:
        occurrence, started, failures = _forced_task(stored(job_id))
    for process_id in started:
        process = run_inline(process_id)
        logger.info(
            "process_ended", process_id=str(process_id), status=process.status, reason=process.failed_reason or None
        )
        if process.status in {ProcessStatus.FAILED, ProcessStatus.API_UNAVAILABLE, ProcessStatus.INCONSISTENT_DATA}:
            failures.append(_failed(process))
    logger.info("schedule_forced", schedule_id=str(occurrence.schedule_id), processes=len(started))
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


def _forced_function(declaration: Declaration) -> tuple[Occurrence, Sequence[UUID], list[str]]:
    schedule = reconcile.upsert(declaration)
    now, token = timezone.now(), uuid7()
    # Claimed without an end, so that no scheduler takes it over.
    occurrence = Occurrence.objects.create(
        schedule=schedule, scheduled_at=now, fired_at=now, manual=True, outcome=Outcome.CLAIMED, claim_token=token
    )
    with unqueued() as started:
        if calls.call(occurrence, declaration, token):
            return occurrence, list(started.tokens), []
    occurrence.refresh_from_db()
    return occurrence, [], [_("%(name)s failed: %(why)s") % {"name": declaration.path, "why": occurrence.detail}]


def _forced_task(schedule: Schedule) -> tuple[Occurrence, Sequence[UUID], list[str]]:
    now = timezone.now()
    occurrence = Occurrence(schedule=schedule, scheduled_at=now, fired_at=now, manual=True, outcome=Outcome.STARTED)
    try:
        with transaction.atomic(), unqueued() as started:
            start([occurrence], schedule, schedule.owner)
            occurrence.save(force_insert=True)
    except TaskError as error:
        logger.debug("start_refused", traceback=traceback.format_exc())
        return occurrence, [], [str(error)]
    return occurrence, list(started.tokens), []


def _failed(process: Process) -> str:
    values = {"name": process.workflow.name, "status": process.status, "why": process.failed_reason}
    return _("%(name)s ended %(status)s: %(why)s") % values
