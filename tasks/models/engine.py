"""What holds for the whole engine, and who works for it."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from orchestrator_admin.ids import uuid7


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
