"""After downtime: what was missed, schedule by schedule, and what is to become of it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from schedules import services
from schedules.views.due import sentence_of
from tasks.models import Origin
from tasks.registry import label

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

CHOICES = ("latest", "all", "none")


@login_required
@require_http_methods(["GET", "POST"])
def outage(request: HttpRequest) -> HttpResponse:
    """Show what was missed and is undecided; start the latest, all or none of the chosen schedules' missed runs."""
    if request.method == "POST":
        _decide(request)
        return redirect("schedules:outage")
    report = services.outage_report(request.user)
    rows = [
        (
            missed,
            sentence_of(missed.schedule),
            str(label(missed.schedule.workflow_name)) if missed.schedule.workflow_name else missed.schedule.function,
            services.available_actions(missed.schedule, request.user)["run"],
        )
        for missed in report
    ]
    size = services.outage_size(request.user)
    return render(request, "schedules/outage.html", {"rows": rows, "size": size, "total": size.due_times})


def _decide(request: HttpRequest) -> None:
    which = request.POST.get("which", "")
    chosen = [UUID(value) for value in request.POST.getlist("selected") if _is_uuid(value)]
    if which not in CHOICES or not chosen:
        messages.warning(request, _("Choose at least one schedule first."))
        return
    results = services.start_missed(chosen, which, user=request.user, origin=Origin.PAGE)
    done = sum(result.ok for result in results)
    if done:
        if which == "none":
            said = ngettext("Nothing started for %(n)d schedule.", "Nothing started for %(n)d schedules.", done)
        else:
            said = ngettext("Started for %(n)d schedule.", "Started for %(n)d schedules.", done)
        messages.success(request, said % {"n": done})
    for message in list(dict.fromkeys(result.message for result in results if not result.ok))[:5]:
        messages.error(request, message)


def _is_uuid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True
