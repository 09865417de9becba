"""Deletes occurrences that are older than OCCURRENCE_RETENTION_DAYS, every night at 03:40."""

from datetime import UTC, datetime, timedelta

from django.conf import settings

from orchestrator.schedules.scheduler import scheduler
from schedules.models import Occurrence

AT_MOST = 200_000  # a night; the rest goes the next


@scheduler.scheduled_job(id="clean-ledger", name="Clean up the ledger", trigger="cron", hour=3, minute=40)
def clean_up_ledger() -> None:
    end = datetime.now(UTC) - timedelta(days=settings.OCCURRENCE_RETENTION_DAYS)
    old = Occurrence.objects.filter(scheduled_at__lt=end).order_by("scheduled_at").values("id")[:AT_MOST]
    Occurrence.objects.filter(id__in=old).delete()
