"""A run of a workflow: its row, its indexes, and the triggers that guard and tell what changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orchestrator_admin.displays import display_of
from orchestrator_admin.ids import uuid7
from tasks.models.catalogue import Workflow
from tasks.models.choices import Origin, choices_check
from tasks.retired import RetiredQuery
from tasks.statuses import FAILURES, GOING, LEGAL, ProcessStatus


class Process(models.Model):
    """One run of a workflow.

    `lease_token` fences: only the worker that wrote it may commit steps, until `lease_expires_at`. `current_step` is
    the step that is being executed or comes next, so that a crash can be told by the name of what it cut off.
    `schedule_id` and `occurrence_id` name rows of the application `schedules`, which this one does not know.
    """

    query = RetiredQuery()
    process_id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, db_index=False, related_name="processes")
    status = models.CharField(_("status"), max_length=20, choices=ProcessStatus, default=ProcessStatus.CREATED)
    started_at = models.DateTimeField(_("accepted"))
    first_run_at = models.DateTimeField(_("first step began"), null=True)
    last_modified_at = models.DateTimeField(_("last changed"))
    completed_at = models.DateTimeField(_("ended"), null=True)
    failed_reason = models.TextField(_("reason"), blank=True)
    traceback = models.TextField(_("traceback"), blank=True)
    note = models.TextField(_("note"), blank=True)
    assignee = models.CharField(_("assignee"), max_length=50, default="SYSTEM")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, db_index=False, related_name="processes"
    )
    started_as = models.CharField(
        max_length=255, blank=True, db_default="", help_text=_("Account of the machine that started it by a command.")
    )
    origin = models.CharField(_("origin"), max_length=10, choices=Origin, default=Origin.CODE)
    schedule_id = models.UUIDField(null=True)
    occurrence_id = models.UUIDField(null=True)

    current_step = models.CharField(max_length=255, blank=True)
    current_step_started_at = models.DateTimeField(null=True)
    crashes = models.PositiveSmallIntegerField(default=0, help_text=_("Workers lost in the current step."))
    retry_at = models.DateTimeField(null=True, help_text=_("When a waiting process is retried by itself."))
    abort_requested_by = models.CharField(max_length=150, blank=True)
    callback_token = models.CharField(max_length=64, blank=True)
    callback_deadline = models.DateTimeField(null=True)

    queue = models.CharField(_("queue"), max_length=128, default="default")
    priority = models.IntegerField(_("priority"), default=0)
    lock = models.TextField(_("lock"), blank=True, help_text=_("Resource that only one process holds at a time."))
    limited = models.BooleanField(default=False, help_text=_("Its workflow limits how many run at once."))
    commits = models.PositiveBigIntegerField(default=0, help_text=_("Results recorded so far."))
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=255, blank=True)

    class Meta:
        verbose_name_plural = "processes"
        ordering = ["-started_at", "-process_id"]
        constraints: ClassVar = [
            choices_check("status", ProcessStatus, "process_status_known"),
            models.CheckConstraint(
                condition=Q(status=ProcessStatus.RUNNING, lease_token__isnull=False)
                | (~Q(status=ProcessStatus.RUNNING) & Q(lease_token__isnull=True)),
                name="process_running_has_lease",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-started_at", "-process_id"], name="process_by_time"),
            models.Index(fields=["workflow", "-started_at"], name="process_by_workflow"),
            models.Index(fields=["status", "-started_at"], name="process_by_status"),
            models.Index(
                fields=["schedule_id", "-started_at"],
                name="process_by_schedule",
                condition=Q(schedule_id__isnull=False),
            ),
            models.Index(
                fields=["schedule_id"],
                name="process_going_by_schedule",
                condition=Q(schedule_id__isnull=False, status__in=GOING),
            ),
            models.Index(
                fields=["occurrence_id"], name="process_by_occurrence", condition=Q(occurrence_id__isnull=False)
            ),
            # Failures are few: what failed since somebody looked, what failed of a task, words in reasons and notes.
            models.Index(fields=["-last_modified_at"], name="failure_by_time", condition=Q(status__in=FAILURES)),
            models.Index(
                fields=["workflow", "-started_at"], name="failure_by_workflow", condition=Q(status__in=FAILURES)
            ),
            # With the workflow, so that those that a viewer may not see are passed over without being read.
            models.Index(
                fields=["created_by", "-started_at"],
                include=["workflow", "process_id"],
                name="process_by_person",
                condition=Q(created_by__isnull=False),
            ),
            # Frequent words are met soon on the way through these, rare ones are looked up in the words.
            models.Index(
                fields=["-started_at", "-process_id"],
                name="process_with_words",
                condition=~Q(failed_reason="", note=""),
            ),
            GinIndex(
                SearchVector("failed_reason", "note", config="simple"),
                name="process_by_words",
                condition=~Q(failed_reason="", note=""),
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="legal_transition",
                field="status",
                transitions=[(before.value, after.value) for before, followers in LEGAL.items() for after in followers],
            ),
            pgtrigger.Trigger(
                name="tell_inserted",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                func="PERFORM pg_notify('orchestrator_process', NEW.process_id::text); RETURN NULL;",
            ),
            pgtrigger.Trigger(
                name="tell_changed",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("status", "current_step", "note"),  # type: ignore[no-untyped-call]
                # Workers tell of what they do under a lease by themselves, after the commit: see `news.py`.
                condition=pgtrigger.Condition(
                    "((OLD.status, OLD.current_step, OLD.note) IS DISTINCT FROM"
                    " (NEW.status, NEW.current_step, NEW.note) AND (OLD.note IS DISTINCT FROM NEW.note"
                    " OR COALESCE(OLD.lease_token, NEW.lease_token) IS NULL"
                    " OR current_setting('orchestrator.tells', true) IS DISTINCT FROM 'by itself'))"
                ),
                func="PERFORM pg_notify('orchestrator_process', NEW.process_id::text); RETURN NULL;",
            ),
        ]

    worked: timedelta | None = None  # set by the annotation of that name: see `views/worked.py`

    get_status_display = display_of("status", ProcessStatus)
    get_origin_display = display_of("origin", Origin)

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.process_id}"

    @property
    def duration(self) -> timedelta | None:
        """How long it worked: see `span_of_work`."""
        return span_of_work(self.status, self.worked, self.first_run_at, self.completed_at)


def span_of_work(
    status: str, worked: timedelta | None, first_run_at: datetime | None, completed_at: datetime | None
) -> timedelta | None:
    """Return how long a process worked, or None where it is not at rest by an end or a failure.

    That is what its steps took, where `worked` was looked up; else the time from the first step's begin to the end.
    """
    if worked is not None:
        return worked if completed_at is not None or status in FAILURES else None
    return None if first_run_at is None or completed_at is None else completed_at - first_run_at
