"""New and edit: the form, its preview while somebody types, and what an edit changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import Action, may
from schedules import services
from schedules.exceptions import Conflict, InvalidSchedule, ScheduleError
from schedules.forms import ScheduleForms, TimingForm
from schedules.forms.combine import MAX_LEGS
from schedules.views.due import compared, due_times, due_times_of
from schedules.views.finding import found, refusal
from tasks.models import Workflow
from tasks.registry import labels, registered

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse, QueryDict

    from schedules.models import Schedule

TIME_ZONES = ["UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))]
# Five hundred that are the same on every page: made once.
ZONE_OPTIONS = format_html_join("", '<option value="{}">', ((name,) for name in TIME_ZONES))
NOT_SAVING = ("show", "add_leg")  # buttons that come back with the form, for browsers without JavaScript


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Ask when a task should run, and create the schedule."""
    data = _typed(request)
    forms = ScheduleForms(data, user=request.user, workflows=_workflows(request), prefill=request.GET)
    if _saving(request) and forms.is_valid():
        try:
            schedule = services.create_schedule(**forms.creation(), user=request.user)
        except InvalidSchedule as error:
            forms.refuse(error)
        except ScheduleError as error:
            forms.error = str(error)
        else:
            messages.success(request, _("Schedule created. Its runs appear below as they fall due."))
            return redirect("schedules:detail", schedule.pk)
    return _page(request, "schedules/new.html", forms)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: str) -> HttpResponse:
    """Change a schedule in place, unless somebody else changed it meanwhile."""
    schedule = found(request, pk)
    if why_not := refusal(schedule, request, "edit"):
        messages.error(request, why_not)
        return redirect("schedules:detail", pk)
    forms = ScheduleForms(
        _typed(request), user=request.user, workflows=_workflows(request, schedule), schedule=schedule
    )
    conflict = False
    if _saving(request) and forms.is_valid():
        try:
            before = due_times_of(schedule)
            services.edit_schedule(pk, forms.changes(), user=request.user, expected_version=_version(request))
        except InvalidSchedule as error:
            forms.refuse(error)
        except Conflict as error:
            forms.error, conflict = str(error), True
        except ScheduleError as error:
            forms.error = str(error)
        else:
            times = [row.at.isoformat() for row in before.rows] if before else []
            request.session["schedule_edited"] = {"id": str(pk), "before": times}
            return redirect("schedules:detail", pk)
    return _page(request, "schedules/edit.html", forms, schedule=schedule, conflict=conflict)


@login_required
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Say in words and dates what the half-filled form means, beside what holds now when one is edited."""
    schedule = found(request, request.GET["schedule"]) if request.GET.get("schedule") else None
    timing = TimingForm(request.POST)
    return render(request, "schedules/_preview.html", _preview(timing, schedule))


def _page(
    request: HttpRequest,
    template: str,
    forms: ScheduleForms,
    *,
    schedule: Schedule | None = None,
    conflict: bool = False,
) -> HttpResponse:
    tried = _saving(request)
    context = {
        "forms": forms,
        "schedule": schedule,
        "conflict": conflict,
        "version": request.POST.get("version") or (schedule.version if schedule else ""),
        "problems": forms.problems() if tried else [],
        "zone_options": ZONE_OPTIONS,
        "only_more": tried and not forms.problems() and forms.asks_for_more,
        **_preview(forms.timing, schedule),
    }
    return render(request, template, context)


def _preview(timing: TimingForm, schedule: Schedule | None) -> dict[str, Any]:
    """Return what `_preview.html` shows. An untouched form is previewed as if it had been sent."""
    asked = timing if timing.is_bound else TimingForm(timing.as_sent())
    if not asked.is_valid() or asked.trigger is None:
        hint = not timing.is_bound and not schedule
        return {"times": None, "timing_errors": _errors(asked), "timing_hint": hint, "preview_of": schedule}
    times = due_times(asked.trigger)
    before = due_times_of(schedule) if schedule and schedule.enabled and timing.is_bound else None
    if before:
        compared(times, [row.at for row in before.rows])
    return {"times": times, "timing_errors": [], "preview_of": schedule}


def _errors(timing: TimingForm) -> list[tuple[str, str, str]]:
    """Return (id, label, message) of the errors, each message once: a leg's error also stands at the whole."""
    seen: dict[str, tuple[str, str, str]] = {}
    for name, found_errors in timing.errors.items():
        for message in map(str, found_errors):
            if name in timing.fields:
                seen.setdefault(message, (timing[name].id_for_label, str(timing[name].label), message))
            else:
                seen.setdefault(message, ("", "", message))
    return list(seen.values())


def _typed(request: HttpRequest) -> QueryDict | None:
    """Return what was sent, with one more leg when that was asked for."""
    if request.method != "POST":
        return None
    data = request.POST.copy()
    total = data.get("legs-TOTAL_FORMS", "")
    known = _whole(total)
    if "add_leg" in data and known is not None and known < MAX_LEGS:
        data["legs-TOTAL_FORMS"] = str(known + 1)
    return data


def _saving(request: HttpRequest) -> bool:
    return request.method == "POST" and not any(name in request.POST for name in NOT_SAVING)


def _version(request: HttpRequest) -> int | None:
    return _whole(request.POST.get("version", ""))


def _whole(text: str) -> int | None:
    """Return the number that a hidden field holds; None for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _workflows(request: HttpRequest, schedule: Schedule | None = None) -> list[tuple[str, str]]:
    """Return (name, label) of the tasks that this user may schedule and whose code is there."""
    names = Workflow.objects.filter(is_task=True).values_list("name", flat=True)
    in_code = registered()
    known = [name for name in names if name in in_code and may(request.user, Action.SCHEDULE, name)]
    if schedule and schedule.workflow_name and schedule.workflow_name not in known:
        known.append(schedule.workflow_name)
    return sorted(labels(known).items(), key=lambda pair: pair[1].casefold())
