"""The first page: what failed since you last looked, what runs, what runs next, what is alive."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from orchestrator_admin.chrome import chrome_of, failed_since, looked_at
from orchestrator_admin.health import health
from orchestrator_admin.htmx import render_page
from orchestrator_admin.timeline import drawing, summary, timeline
from orchestrator_admin.viewer import A_YEAR
from schedules.models import Schedule
from schedules.views.due import sentence_of
from tasks import services
from tasks.filters import STATUSES_OF, Group
from tasks.models import TERMINAL, Process
from tasks.registry import Labels
from tasks.views.finding import seen_processes, viewer
from tasks.views.worked import with_worked

SHOWN = 8
LATELY = 5
COMING = 200
READ = ("name", "version", "trigger", "trigger_kwargs", "trigger_version", "time_zone", "next_due_at")


@login_required
@require_GET
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show the state of everything at a glance."""
    now = timezone.now()
    failed = list(failed_since(request).select_related("workflow").order_by("-last_modified_at")[: SHOWN + 1])
    seen_ones = seen_processes(request)
    active = seen_ones.filter(status__in=STATUSES_OF[Group.ACTIVE]).select_related("workflow")
    ended = with_worked(seen_ones.filter(status__in=TERMINAL)).select_related("workflow")
    coming = _coming(request)
    labels = Labels()
    picture = timeline(seen_ones, coming, now)
    context = {
        "greeting": _greeting(chrome_of(request).failures, now),
        "now": now,
        "looked_at": looked_at(request),
        "failed": [{**_line(process, labels), "retry": _retry(request, process)} for process in failed[:SHOWN]],
        "more_failed": len(failed) > SHOWN,
        "active": [_line(process, labels) for process in active.order_by("-started_at")[:SHOWN]],
        "ended": [_line(process, labels) for process in ended.order_by("-started_at")[:LATELY]],
        "coming": [(schedule, sentence_of(schedule)) for schedule in coming[:SHOWN]],
        "timeline": picture,
        "summary": summary(picture),
        "drawing": drawing(picture),
        "health": health(),
        "seen_up_to": int(time.time()),
    }
    return render_page(request, "dashboard/dashboard.html", "dashboard/_dashboard.html", context)


@login_required
@require_POST
def seen(request: HttpRequest) -> HttpResponse:
    """Remember that the viewer has seen the failures up to the moment at which the page was rendered."""
    moment = request.POST.get("up_to", "")
    response = redirect("dashboard")
    if moment.isascii() and moment.isdigit() and len(moment) < 16 and int(moment) <= time.time() + 60:
        secure = request.is_secure()
        response.set_cookie("looked", moment, max_age=A_YEAR, samesite="Lax", secure=secure, httponly=True)
    return response


def _coming(request: HttpRequest) -> list[Schedule]:
    from schedules.services import visible_schedules

    due = visible_schedules(viewer(request)).filter(enabled=True, next_due_at__isnull=False)
    # What a trigger is read from, and a name: of hundreds, most are a tick and no more.
    return list(due.only(*READ).order_by("next_due_at")[:COMING])


def _line(process: Process, labels: Labels) -> dict[str, Any]:
    return {"process": process, "title": labels.label(process.workflow.name)}


def _retry(request: HttpRequest, process: Process) -> services.Availability:
    return services.available_actions(process, viewer(request))["retry"]


def _greeting(failures: str, now: datetime) -> str:
    """Return a sentence for the hour of the viewer, and what they want to know; `failures` as the top bar has it."""
    hour = timezone.localtime(now).hour
    hello = _("Good morning.") if 4 < hour < 12 else _("Good afternoon.") if 12 <= hour < 18 else _("Good evening.")
    if not failures:
        return f"{hello} {_('Nothing failed since you last looked.')}"
    count = int(failures.removesuffix("+"))
    if failures.endswith("+"):
        return f"{hello} {_('More than %(count)d runs failed since you last looked.') % {'count': count}}"
    sentence = ngettext("One run failed since you last looked.", "%(count)d runs failed since you last looked.", count)
    return f"{hello} {sentence % {'count': count}}"
