"""People and programs that use the application: users and their API tokens."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken


class User(AbstractUser):
    """Somebody who may log in."""

    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, help_text=_("Empty: the browser's."))


class Scope(models.TextChoices):
    """What a token may be used for. A token without scopes may do all that its user may."""

    READ = "read", _("Read")
    START = "start", _("Start and control processes")
    SCHEDULE = "schedule", _("Change schedules")
    ADMIN = "admin", _("Administer")


class AuthToken(AbstractAuthToken):
    """A program's key to the API; only its digest is stored."""

    name = models.CharField(_("name"), max_length=100, blank=True)
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope), default=list, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.name or self.token_key
