"""What the database knows of schedules and their due times.

`Schedule.next_due_at` is the cursor and the truth; the rows of django-apscheduler are its projection. `firing.py` is
the only writer of occurrences that fall due, and of the cursor of an enabled schedule.
"""

from __future__ import annotations

from typing import Any, ClassVar

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Person, visible_workflows
from orchestrator_admin.displays import display_of
from orchestrator_admin.ids import uuid7
from tasks.models import Origin, Workflow, choices_check

# What people edit: never the cursor, nor what the scheduler writes of itself.
AUDITED = [
    "name", "workflow", "user_inputs", "owner", "tags", "trigger", "trigger_kwargs", "time_zone", "misfire_grace",
    "catch_up", "catch_up_limit", "overlap", "skip_next", "enabled", "paused_reason", "paused_until",
]  # fmt: skip


class TriggerKind(models.TextChoices):
    """The six kinds of triggers, by APScheduler's names."""

    INTERVAL = "interval", _("Interval")
    CRON = "cron", _("Cron")
    DATE = "date", _("Once")
    CALENDARINTERVAL = "calendarinterval", _("Calendar interval")
    AND = "and", _("All of")
    OR = "or", _("Any of")


class CatchUp(models.TextChoices):
    """What to do with due times that are later than the misfire grace."""

    SKIP = "skip", _("Skip them")
    LATEST = "latest", _("Run the latest")
    ALL = "all", _("Run all, up to a limit")


class Overlap(models.TextChoices):
    """What to do when the previous run is still going."""

    ALLOW = "allow", _("Run beside it")
    SKIP = "skip", _("Skip this run and record it")
    QUEUE = "queue", _("Run once afterwards")


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    # What is no change of the row: somebody ran it by hand.
    pghistory.ManualEvent("run"),  # type: ignore[no-untyped-call]
    fields=AUDITED,
    model_name="ScheduleEvent",
)
class Schedule(models.Model):
    """When to start a task (`workflow`), or to call a scheduled Python function (`function`, declared in code)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=255)
    # By name and without a constraint: a schedule outlives its task's renaming or removal, and says so.
    workflow = models.ForeignKey(
        Workflow,
        to_field="name",
        db_column="workflow_name",
        db_constraint=False,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="schedules",
    )
    user_inputs = models.JSONField(_("inputs"), default=list, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="schedules"
    )
    # Belongs to the system itself. A schedule without owner that does not: its owner was deleted, so it may not start.
    system = models.BooleanField(default=False)
    tags = ArrayField(models.CharField(max_length=50), default=list, blank=True)

    # Declared in code: the id given to the decorator, the function, where it stands, and the trigger as declared.
    job_id = models.CharField(_("job id"), max_length=255, unique=True, null=True, blank=True)
    function = models.CharField(_("function"), max_length=255, blank=True)
    source_file = models.CharField(max_length=500, blank=True)
    declared_trigger = models.JSONField(null=True, blank=True)
    # Names of tasks that the function's code mentions: what it starts, as far as that can be told.
    starts = ArrayField(models.CharField(max_length=255), default=list, blank=True)
    overridden = models.BooleanField(default=False)
    removed_from_code_at = models.DateTimeField(null=True, blank=True)

    trigger = models.CharField(_("trigger"), max_length=20, choices=TriggerKind)
    trigger_kwargs = models.JSONField(_("trigger arguments"), default=dict)
    trigger_version = models.PositiveSmallIntegerField(default=1)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    # The cursor: the earliest due time without an occurrence. NULL while paused, when finished, when unreadable.
    next_due_at = models.DateTimeField(_("next run"), null=True, blank=True)

    misfire_grace = models.PositiveIntegerField(_("misfire grace"), default=60, help_text=_("Seconds."))
    catch_up = models.CharField(_("catch-up"), max_length=10, choices=CatchUp, default=CatchUp.LATEST)
    catch_up_limit = models.PositiveIntegerField(_("catch-up limit"), default=10)
    overlap = models.CharField(_("overlap"), max_length=10, choices=Overlap, default=Overlap.ALLOW)
    skip_next = models.BooleanField(_("skip the next run"), default=False)

    enabled = models.BooleanField(_("enabled"), default=True)
    paused_reason = models.TextField(_("reason of the pause"), blank=True)
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    parked_reason = models.TextField(_("why it cannot fire"), blank=True)

    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name", "id"]
        constraints: ClassVar = [
            choices_check("trigger", TriggerKind, "schedule_trigger_known"),
            choices_check("catch_up", CatchUp, "schedule_catch_up_known"),
            choices_check("overlap", Overlap, "schedule_overlap_known"),
            models.CheckConstraint(
                condition=Q(workflow__isnull=False, function="") | (Q(workflow__isnull=True) & ~Q(function="")),
                name="schedule_task_or_function",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_due_at"], name="schedule_due", condition=Q(enabled=True, next_due_at__isnull=False)
            ),
            # When each of many tasks runs next, and a task's schedules by their next run.
            models.Index(
                fields=["workflow", "next_due_at"],
                name="schedule_due_of_task",
                condition=Q(enabled=True, next_due_at__isnull=False),
            ),
            models.Index(fields=["name", "id"], name="schedule_by_name"),
            GinIndex(fields=["starts"], name="schedule_starts"),
            models.Index(
                fields=["paused_until"],
                name="schedule_resumes",
                condition=Q(enabled=False, paused_until__isnull=False),
            ),
        ]

    get_trigger_display = display_of("trigger", TriggerKind)

    def __str__(self) -> str:
        return self.name

    def past_seen_by(self, user: Person | None) -> dict[str, Any]:
        """Return which entries of its trail `user` may see: it may have started a task that is hidden from them."""
        names = visible_workflows(user)
        return {} if names is None or self.workflow_id is None else {"workflow_id__in": names}

    @property
    def workflow_name(self) -> str | None:
        """Name of the task, whether or not its row still exists; None of a scheduled function."""
        return self.workflow_id


class Outcome(models.TextChoices):
    """What became of a due time. `claimed`: a function is being called, or waits for its turn."""

    CLAIMED = "claimed", _("In progress")
    STARTED = "started", _("Started")
    SKIPPED = "skipped", _("Skipped")
    MISSED = "missed", _("Missed")
    FAILED = "failed", _("Failed to start")


class Reason(models.TextChoices):
    """Why a due time did not simply start."""

    NONE = "", ""
    OVERLAP = "overlap", _("The previous run was still going")
    PAUSED = "paused", _("The schedule was paused")
    ENGINE_LOCKED = "engine_locked", _("The engine was locked")
    PREDICATE = "predicate", _("The task's predicate refused")
    INPUTS = "inputs", _("The inputs became invalid")
    PERMISSION = "permission", _("The owner may not start it any more")
    SKIP_NEXT = "skip_next", _("Somebody asked to skip it")
    LATE = "late", _("The scheduler was down or too late")
    ERROR = "error", _("An error")


class Occurrence(models.Model):
    """One due time of one schedule and what became of it.

    `manual` ones were asked for with "Run now": by `asked_by`, a user or the account of a machine, through `origin`.
    So were missed ones that somebody let run later, which are not manual: they keep the due time that they had.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="occurrences")
    scheduled_at = models.DateTimeField(_("due"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason, blank=True, default=Reason.NONE)
    detail = models.TextField(_("detail"), blank=True)
    traceback = models.TextField(_("traceback"), blank=True)
    fired_at = models.DateTimeField(_("fired"))
    finished_at = models.DateTimeField(null=True)
    manual = models.BooleanField(default=False)
    origin = models.CharField(_("origin"), max_length=10, choices=Origin, blank=True, default="", db_default="")
    asked_by = models.CharField(_("asked for by"), max_length=255, blank=True, default="", db_default="")
    # A missed due time that nobody has decided about is offered on the outage screen.
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    # A function's call is claimed by one scheduler; a claim that is not renewed is taken over, up to a limit.
    claim_token = models.UUIDField(null=True)
    claim_expires_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["-scheduled_at"]
        constraints: ClassVar = [
            choices_check("outcome", Outcome, "occurrence_outcome_known"),
            models.UniqueConstraint(fields=["schedule", "scheduled_at"], name="occurrence_once_a_due_time"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-scheduled_at"], name="occurrence_by_time"),
            # The ledger of a busy schedule, narrowed to what did not start.
            models.Index(
                fields=["schedule", "outcome", "-scheduled_at"],
                name="occurrence_not_started",
                condition=~Q(outcome=Outcome.STARTED),
            ),
            # What was run by hand: a few lines between very many.
            models.Index(fields=["schedule", "-scheduled_at"], name="occurrence_by_hand", condition=Q(manual=True)),
            models.Index(fields=["claim_expires_at"], name="occurrence_claims", condition=Q(outcome=Outcome.CLAIMED)),
            models.Index(
                fields=["schedule", "-scheduled_at"],
                name="occurrence_undecided",
                condition=Q(outcome=Outcome.MISSED, decided_at__isnull=True),
            ),
        ]

    get_outcome_display = display_of("outcome", Outcome)
    get_reason_display = display_of("reason", Reason)
    get_origin_display = display_of("origin", Origin)

    def __str__(self) -> str:
        return f"{self.schedule_id} {self.scheduled_at:%Y-%m-%d %H:%M:%S%z} {self.outcome}"


class Backlog(models.Model):
    """Due times that have passed and are still to be written into the ledger, behind what is due now.

    The due times of `trigger` that lie strictly between `after` and `before`, all with one outcome and reason. The
    trigger is a copy: an edit of the schedule does not change what was due before it.
    """

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="backlogs")
    trigger = models.CharField(max_length=20)
    trigger_kwargs = models.JSONField()
    time_zone = models.CharField(max_length=64)
    after = models.DateTimeField()
    before = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome)
    reason = models.CharField(max_length=20, choices=Reason)
    detail = models.TextField(blank=True)
    noticed_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.schedule_id} {self.after} to {self.before}"


class SchedulerInstance(models.Model):
    """A running `runscheduler`, as its loop says of itself; a wedged loop stops saying."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    hostname = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    version = models.CharField(max_length=50, blank=True)
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField(db_index=True)
    # Ids of the jobs that its code declares.
    declared = ArrayField(models.CharField(max_length=255), default=list)
    fired = models.PositiveBigIntegerField(default=0)
    last_lag_ms = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["hostname", "pid"]

    def __str__(self) -> str:
        return f"{self.hostname}:{self.pid}"
