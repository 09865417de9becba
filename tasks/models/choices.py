"""Where a process comes from, and how the database holds a field to its choices."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Origin(models.TextChoices):
    """Which door a process came through."""

    PAGE = "page", _("Page")
    API = "api", _("API")
    COMMAND = "command", _("Command line")
    SCHEDULE = "schedule", _("Schedule")
    CODE = "code", _("Code")


class Act(models.TextChoices):
    """What people do to a process that is there already."""

    RETRIED = "retried", _("Retried")
    RESUMED = "resumed", _("Answered")
    ABORTED = "aborted", _("Aborted")
    NOTED = "noted", _("Note changed")


def choices_check(field: str, choices: type[models.TextChoices], name: str) -> models.CheckConstraint:
    """Return the constraint that holds `field` to `choices` in the database too."""
    return models.CheckConstraint(condition=Q(**{f"{field}__in": choices.values}), name=name)
