"""One click brings an earlier state of a schedule back."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from schedules.exceptions import ScheduleError, ScheduleNotFound
from schedules.history import revert as bring_back

if TYPE_CHECKING:
    from accounts.models import User


@login_required
@require_POST
def revert(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Bring back what the schedule was after the entry `event` of its trail."""
    user: User = request.user  # type: ignore[assignment]
    event = request.POST.get("event", "")
    if not (event.isascii() and event.isdigit() and len(event) < 19):
        raise Http404
    try:
        bring_back(pk, int(event), user=user)
    except ScheduleNotFound:
        raise Http404 from None
    except ScheduleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("It is again as it was."))
    return redirect("schedules:detail", pk)
