"""Writes due times that passed during an outage or a pause into the ledger, in batches, behind what is due now."""

from __future__ import annotations

import structlog
from django.db import transaction

from schedules import ledger, projection, stored_triggers
from schedules.due import stretch
from schedules.exceptions import UnreadableTrigger
from schedules.firing import late_by
from schedules.models import Backlog, Occurrence, Outcome, Reason

logger = structlog.get_logger(__name__)

BATCH = 1000
SECONDS = 0.2


def write_backlog() -> bool:
    """Write one batch of one stretch of due times; return whether there was anything to write.

    One transaction: the occurrences and how far the stretch is written commit together. A due time that is in the
    ledger already is left as it is.
    """
    with transaction.atomic():
        backlog = Backlog.objects.select_for_update(skip_locked=True, of=("self",)).select_related("schedule").first()
        if backlog is None:
            return False
        try:
            trigger = stored_triggers.read(backlog)
            times, complete = stretch(trigger, backlog.after, backlog.before, BATCH, seconds=SECONDS)
        except Exception as error:
            logger.exception("backlog_given_up", schedule_id=str(backlog.schedule_id))
            if not isinstance(error, UnreadableTrigger):
                logger.warning("backlog_trigger_failed", error=str(error))
            backlog.delete()
            return True
        late = backlog.outcome == Outcome.MISSED and backlog.reason == Reason.LATE
        ledger.write_missing(
            [
                Occurrence(
                    schedule_id=backlog.schedule_id,
                    scheduled_at=at,
                    outcome=backlog.outcome,
                    reason=backlog.reason,
                    detail=late_by(at, backlog.noticed_at) if late else backlog.detail,
                    fired_at=backlog.noticed_at,
                )
                for at in times
            ]
        )
        if complete:
            backlog.delete()
            projection.notify([backlog.schedule_id])
        else:
            backlog.after = times[-1] if times else backlog.after
            backlog.save(update_fields=["after"])
    return True
