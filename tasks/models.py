"""What the database knows of workflows and their runs.

Fields, constraints, querysets and short properties only. `transitions` is the only writer of `Process.status`,
`engine` of steps, `services` of new processes. Triggers in the database refuse illegal transitions, and tell the live
pages what changed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orchestrator_admin.displays import display_of
from orchestrator_admin.ids import uuid7
from tasks.retired import RetiredQuery
from tasks.statuses import FAILURES, FINISHED_STEP, GOING, LEGAL, QUEUED, TERMINAL, ProcessStatus, StepStatus
from tasks.targets import Target

__all__ = [
    "FAILURES", "FINISHED_STEP", "GOING", "QUEUED", "TERMINAL", "EngineSettings", "InputState", "Origin", "Process",
    "ProcessStatus", "ProcessStep", "Product", "StepLog", "StepStatus", "Subscription", "Target", "WorkerInstance",
    "Workflow",
]  # fmt: skip


class Origin(models.TextChoices):
    """Which door a process came through."""

    PAGE = "page", _("Page")
    API = "api", _("API")
    COMMAND = "command", _("Command line")
    SCHEDULE = "schedule", _("Schedule")
    CODE = "code", _("Code")


def choices_check(field: str, choices: type[models.TextChoices], name: str) -> models.CheckConstraint:
    """Return the constraint that holds `field` to `choices` in the database too."""
    return models.CheckConstraint(condition=Q(**{f"{field}__in": choices.values}), name=name)


class Product(models.Model):
    """Something that is sold, which subscriptions are instances of."""

    query = RetiredQuery()
    product_id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=255, unique=True)
    description = models.TextField(_("description"), blank=True)
    product_type = models.CharField(_("type"), max_length=255, blank=True)
    tag = models.CharField(_("tag"), max_length=255, blank=True)
    status = models.CharField(_("status"), max_length=32, default="active")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    end_date = models.DateTimeField(_("end"), null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    fields=["name", "target", "description"],
    model_name="WorkflowEvent",
)
class Workflow(models.Model):
    """A workflow that was registered by a migration. Its code is found by `name`."""

    query = RetiredQuery()
    workflow_id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=255, unique=True)
    target = models.CharField(_("target"), max_length=16, choices=Target)
    is_task = models.GeneratedField(
        expression=models.Case(models.When(target=Target.SYSTEM, then=True), default=False),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    description = models.TextField(_("description"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    products = models.ManyToManyField(Product, blank=True, related_name="workflows")

    class Meta:
        ordering = ["name"]
        constraints: ClassVar = [choices_check("target", Target, "workflow_target_known")]

    get_target_display = display_of("target", Target)

    def __str__(self) -> str:
        return self.name


class Subscription(models.Model):
    """A customer's instance of a product, such as one node or one port."""

    query = RetiredQuery()
    subscription_id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="subscriptions")
    description = models.TextField(_("description"), blank=True)
    status = models.CharField(_("status"), max_length=32, default="initial")
    insync = models.BooleanField(_("in sync"), default=False)
    note = models.TextField(_("note"), blank=True)
    start_date = models.DateTimeField(_("start"), null=True, blank=True)
    end_date = models.DateTimeField(_("end"), null=True, blank=True)

    class Meta:
        ordering = ["description"]

    def __str__(self) -> str:
        return self.description or str(self.subscription_id)


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
            models.Index(
                fields=["created_by", "-started_at"], name="process_by_user", condition=Q(created_by__isnull=False)
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

    get_status_display = display_of("status", ProcessStatus)
    get_origin_display = display_of("origin", Origin)

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.process_id}"

    @property
    def duration(self) -> timedelta | None:
        """Time from the first step's begin to the end, or None when it did not begin or end."""
        if self.first_run_at is None or self.completed_at is None:
            return None
        return self.completed_at - self.first_run_at


class ProcessStep(models.Model):
    """One executed step of a process, or one item of a `foreach_step` (then `parent` is the foreach's row).

    `state` is the whole state after the step; of a failed step: `class`, `error` and what else describes the failure.
    An identical failure that repeats raises `attempts` instead of adding a row. `position` counts the results of the
    process; a failed attempt has the position of the result that it did not become. `progress` is what a group or an
    item of a foreach has done so far: `done` (names), `state` (after them) and `returned` (what they returned).
    """

    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="steps")
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, db_index=False, related_name="items")
    position = models.PositiveIntegerField(help_text=_("Place in the process's history; of an item: its index."))
    name = models.CharField(_("name"), max_length=255)
    status = models.CharField(_("status"), max_length=20, choices=StepStatus)
    state = models.JSONField(_("state"), default=dict)
    attempts = models.PositiveIntegerField(default=1)
    started_at = models.DateTimeField(_("started"))
    completed_at = models.DateTimeField(_("completed"))
    progress = models.JSONField(null=True)
    commit_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["id"]
        constraints: ClassVar = [
            choices_check("status", StepStatus, "step_status_known"),
            # A step whose result was committed is never executed again: the database refuses a second success.
            models.UniqueConstraint(
                fields=["process", "position"],
                condition=Q(status__in=["success", "skipped", "complete"], parent__isnull=True),
                name="step_succeeds_once",
            ),
            models.UniqueConstraint(
                fields=["parent", "position"],
                condition=Q(status__in=["success", "skipped", "complete"], parent__isnull=False),
                name="item_succeeds_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["parent", "position"], name="step_by_parent", condition=Q(parent__isnull=False)),
        ]

    get_status_display = display_of("status", StepStatus)

    def __str__(self) -> str:
        return f"{self.name} ({self.status})"

    @property
    def duration(self) -> timedelta:
        return self.completed_at - self.started_at


class InputState(models.Model):
    """What somebody gave to a process: at its start, or when it was resumed. Secrets are encrypted.

    `user_inputs` is what was given, one mapping a form page; `state` what the form made of it for the process.
    """

    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="inputs")
    input_type = models.CharField(
        max_length=10, choices=[("initial", "initial"), ("resume", "resume"), ("callback", "callback")]
    )
    step = models.CharField(max_length=255, blank=True)
    user_inputs = models.JSONField(default=list)
    state = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, db_index=False, related_name="+"
    )

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.input_type} of {self.process_id}"


class StepLog(models.Model):
    """One line that a step logged. Written over another connection, so that it is seen while the step runs."""

    process = models.ForeignKey(Process, on_delete=models.CASCADE, db_index=False, related_name="logs")
    position = models.PositiveIntegerField()
    item = models.IntegerField(null=True, help_text=_("Index of the item of a foreach that logged it."))
    at = models.DateTimeField()
    level = models.CharField(max_length=10)
    message = models.TextField()

    class Meta:
        ordering = ["id"]
        indexes: ClassVar = [models.Index(fields=["process", "position", "id"], name="steplog_by_step")]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="tell_logged",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                func="PERFORM pg_notify('orchestrator_log', NEW.process_id::text); RETURN NULL;",
            ),
        ]

    def __str__(self) -> str:
        return self.message


@pghistory.track(pghistory.UpdateEvent(), fields=["global_lock", "reason"], model_name="EngineSettingsEvent")
class EngineSettings(models.Model):
    """The one row of what holds for the whole engine: the global lock."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    global_lock = models.BooleanField(default=False)
    reason = models.TextField(blank=True)
    changed_at = models.DateTimeField(null=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name_plural = "engine settings"
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="engine_settings_one_row")]

    def __str__(self) -> str:
        return "locked" if self.global_lock else "running"


class WorkerInstance(models.Model):
    """A running `runworker`, as it says of itself every few seconds."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    hostname = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    concurrency = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    busy = models.PositiveIntegerField(default=0)
    queues = models.CharField(max_length=255, blank=True)
    version = models.CharField(max_length=50, blank=True)
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["hostname", "pid"]

    def __str__(self) -> str:
        return f"{self.hostname}:{self.pid}"
