"""What is recorded of a process: its steps, what it was given, what it logged, what people did to it."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orchestrator_admin.displays import display_of
from tasks.models.choices import Act, Origin, choices_check
from tasks.models.process import Process
from tasks.statuses import StepStatus


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


class ProcessAction(models.Model):
    """What somebody did to a process, and what stood there before: the failure, or of a changed note the old one.

    Written in the transaction of the change, and never changed. What is tried again by itself is not written here.
    """

    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="history")
    at = models.DateTimeField()
    action = models.CharField(max_length=10, choices=Act)
    who = models.CharField(max_length=255, help_text=_("Name of the user at that time; SYSTEM: code did it."))
    origin = models.CharField(_("origin"), max_length=10, choices=Origin)
    before = models.TextField(blank=True, help_text=_("The failure that it ended; of a changed note: the old one."))
    traceback = models.TextField(_("traceback"), blank=True)

    class Meta:
        ordering = ["id"]
        constraints: ClassVar = [choices_check("action", Act, "process_action_known")]

    get_action_display = display_of("action", Act)
    get_origin_display = display_of("origin", Origin)

    def __str__(self) -> str:
        return f"{self.action} by {self.who}"
