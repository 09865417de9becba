"""People and programs that use the application, what they may do with which workflow, and the trail of all that.

Every model of people is audited: a trigger in the database copies the row at each change (django-pghistory).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import pghistory
from django.conf import settings
from django.contrib.auth.models import AbstractUser, Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken

from orchestrator_admin.ids import uuid7

audited = (pghistory.InsertEvent, pghistory.UpdateEvent, pghistory.DeleteEvent)


@pghistory.track(
    *(event() for event in audited),
    fields=["id", "username", "first_name", "last_name", "email", "is_active", "is_staff", "is_superuser"],
    model_name="UserEvent",
)
class User(AbstractUser):  # type: ignore[django-manager-missing]
    """Somebody who may log in."""

    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, help_text=_("Empty: the browser's."))


@pghistory.track(*(event() for event in audited), model_name="MembershipEvent", obj_field=None)
class Membership(User.groups.through):  # type: ignore[name-defined,misc]
    """A user's place in a group, as an object of its own so that it can be audited."""

    class Meta:
        proxy = True
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")

    def __str__(self) -> str:
        return f"{self.user} in {self.group}"


class Scope(models.TextChoices):
    """What a token may be used for. A token without scopes may do all that its user may."""

    READ = "read", _("Read")
    START = "start", _("Start and control processes")
    SCHEDULE = "schedule", _("Change schedules")
    ADMIN = "admin", _("Administer")


@pghistory.track(
    *(event() for event in audited), exclude=["digest", "last_used_at"], model_name="AuthTokenEvent", obj_field=None
)
class AuthToken(AbstractAuthToken):  # type: ignore[misc]
    """A program's key to the API; only its digest is stored."""

    token_id: models.UUIDField[UUID, UUID] = models.UUIDField(unique=True, default=uuid7, editable=False)
    name: models.CharField[str, str] = models.CharField(_("name"), max_length=100, blank=True)
    scopes: ArrayField[Any, list[str]] = ArrayField(
        models.CharField(max_length=16, choices=Scope), default=list, blank=True
    )
    last_used_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(
        _("last used"), null=True, blank=True
    )

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.name or str(self.token_key)

    @property
    def expired(self) -> bool:
        return self.expiry is not None and self.expiry <= timezone.now()

    @property
    def scope_labels(self) -> list[str]:
        """The scopes in words."""
        return [str(Scope(scope).label) for scope in self.scopes]


class Action(models.TextChoices):
    """What somebody may do with a workflow. Each includes what it makes no sense without: see `permissions.py`."""

    SEE = "see", _("See")
    START = "start", _("Start")
    RETRY = "retry", _("Retry, resume and abort")
    SCHEDULE = "schedule", _("Schedule")


@pghistory.track(*(event() for event in audited), model_name="WorkflowGrantEvent")
class WorkflowGrant(models.Model):
    """Lets the members of a group do something with one workflow, and thereby nobody else but admins.

    A workflow without grants follows the roles.
    """

    workflow_name = models.CharField(_("workflow"), max_length=255, db_index=True)
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="workflow_grants")
    action = models.CharField(_("action"), max_length=10, choices=Action)

    class Meta:
        ordering = ["workflow_name", "group", "action"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workflow_name", "group", "action"], name="workflow_grant_once"),
            models.CheckConstraint(condition=models.Q(action__in=Action.values), name="workflow_grant_action_known"),
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.action} {self.workflow_name}"


class IdempotentRequest(models.Model):
    """An answer given under an `Idempotency-Key`, so that the same request sent again gets the same answer."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text=_("Digest of method, address and body."))
    status = models.PositiveSmallIntegerField(null=True, help_text=_("Empty while the first request is answered."))
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="idempotent_request_once")]

    def __str__(self) -> str:
        return self.key
