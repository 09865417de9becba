"""What can be done to one schedule: each action posts, says what it did, and goes back to the schedule's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from orchestrator_admin import words
from schedules import services
from schedules.exceptions import InvalidSchedule, ScheduleError
from schedules.forms import PauseForm
from schedules.views.finding import found, refusal
from tasks.exceptions import TaskError
from tasks.models import Origin

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

COUNTED = 10_000  # entries of a ledger that are counted before it is deleted


@login_required
@require_http_methods(["GET", "POST"])
def pause(request: HttpRequest, pk: str) -> HttpResponse:
    """Ask for a reason and an end, then pause."""
    schedule = found(request, pk)
    form = PauseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reason, until = form.cleaned_data["reason"], form.cleaned_data["until"]
        try:
            services.pause_schedule(pk, user=request.user, reason=reason, until=until)
        except InvalidSchedule as error:
            for name, found_errors in error.errors.items():
                form.add_error(name if name in form.fields else None, found_errors)
        except ScheduleError as error:
            form.add_error(None, str(error))
        else:
            end = words.clock(until, inside=True) if until else ""
            said = _("Paused until %(until)s.") % {"until": end} if until else _("Paused until somebody resumes it.")
            messages.success(request, said)
            return redirect("schedules:detail", pk)
    context = {"schedule": schedule, "form": form, "why_not": refusal(schedule, request, "pause")}
    return render(request, "schedules/pause.html", context)


@login_required
@require_POST
def resume(request: HttpRequest, pk: str) -> HttpResponse:
    """Go on: the next run is the next due time from now."""
    found(request, pk)
    return _done(request, pk, lambda: services.resume_schedule(pk, user=request.user), _("Resumed."))


@login_required
@require_POST
def skip(request: HttpRequest, pk: str) -> HttpResponse:
    """Leave out the next run, or take that back."""
    found(request, pk)
    on = request.POST.get("on", "1") == "1"
    said = _("The next run will be skipped.") if on else _("The next run will not be skipped.")
    return _done(request, pk, lambda: services.skip_next(pk, user=request.user, on=on), said)


@login_required
@require_POST
def run(request: HttpRequest, pk: str) -> HttpResponse:
    """Start it now, beside its schedule."""
    found(request, pk)
    said = _("Started. The schedule itself goes on as before.")
    return _done(request, pk, lambda: services.run_schedule_now(pk, user=request.user, origin=Origin.PAGE), said)


@login_required
@require_POST
def restore(request: HttpRequest, pk: str) -> HttpResponse:
    """Give a code schedule its declared trigger back."""
    found(request, pk)
    said = _("It runs as declared in code again.")
    return _done(request, pk, lambda: services.restore_declared_trigger(pk, user=request.user), said)


@login_required
@require_POST
def own(request: HttpRequest, pk: str) -> HttpResponse:
    """Become the person in whose name the schedule starts."""
    found(request, pk)
    return _done(request, pk, lambda: services.take_ownership(pk, user=request.user), _("You own this schedule now."))


@login_required
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: str) -> HttpResponse:
    """Ask, then delete the schedule with its ledger; the processes that it started stay."""
    schedule = found(request, pk)
    if request.method == "POST":
        try:
            services.delete_schedule(pk, user=request.user)
        except ScheduleError as error:
            messages.error(request, str(error))
            return redirect("schedules:detail", pk)
        messages.success(request, _("“%(name)s” is deleted. What it started stays.") % {"name": schedule.name})
        return redirect("schedules:list")
    context = {
        "schedule": schedule,
        "why_not": refusal(schedule, request, "delete"),
        "occurrences": schedule.occurrences.order_by()[:COUNTED].count(),
        "counted": COUNTED,
    }
    return render(request, "schedules/delete.html", context)


def _done(request: HttpRequest, pk: str, act: Callable[[], object], said: str) -> HttpResponse:
    """Do it and say so, or say why it was refused."""
    try:
        act()
    except (ScheduleError, TaskError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    return redirect("schedules:detail", pk)
