"""How pages get at a schedule: those that the viewer may not see do not exist for them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils.translation import gettext as _

from schedules import services
from schedules.models import Schedule

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


def visible(request: HttpRequest) -> QuerySet[Schedule]:
    """Return the schedules that the viewer sees, with what a page says of each."""
    return services.visible_schedules(request.user).select_related("owner", "paused_by")


def found(request: HttpRequest, pk: UUID | str) -> Schedule:
    """Return one schedule, or raise Http404 saying which is missing."""
    try:
        return visible(request).get(pk=pk)
    except (Schedule.DoesNotExist, ValidationError):
        raise Http404(_("There is no schedule %(id)s.") % {"id": pk}) from None


def refusal(schedule: Schedule, request: HttpRequest, action: str) -> str:
    """Return why the viewer cannot do `action` to the schedule, or nothing when they can."""
    availability = services.available_actions(schedule, request.user)[action]
    return "" if availability.allowed else str(availability.why_not)
