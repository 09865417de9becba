"""The list of schedules: when each runs next, what its last run came to, and pausing several at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Action, is_admin, may
from orchestrator_admin import words
from orchestrator_admin.addresses import short_enough
from orchestrator_admin.htmx import render_page
from orchestrator_admin.paging import Page
from schedules import services
from schedules.exceptions import ScheduleError
from schedules.filters import STATE_OF, ScheduleFilter, State, kept, state_of
from schedules.ledger import storable
from schedules.models import Occurrence, Outcome, Reason, Schedule
from schedules.views.due import sentence_of
from schedules.views.finding import visible
from schedules.views.paging import paged_by
from tasks.registry import Labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from accounts.permissions import Person

PAGE = 30
SORTS = {"name": ("name", "id"), "next": ("next_due_at", "id"), "newest": ("-id",)}  # ids begin with their time


@dataclass
class Row:
    """One line of the list."""

    schedule: Schedule
    sentence: str
    state: State
    task: str
    last: Occurrence | None

    @property
    def lag(self) -> str:
        """How long after its due time the last one was answered."""
        return words.duration(self.last.fired_at - self.last.scheduled_at) if self.last else ""


@login_required
@require_safe
def schedules(request: HttpRequest) -> HttpResponse:
    """List the schedules that the viewer sees."""
    everything = visible(request)
    narrowed = ScheduleFilter(request.GET, everything)
    sort = request.GET.get("sort", "name") if request.GET.get("sort") in SORTS else "name"
    queryset = narrowed.qs if narrowed.is_valid() else everything.none()
    if sort == "next":
        queryset = queryset.filter(enabled=True, next_due_at__isnull=False)
    page = paged_by(queryset, SORTS[sort], request.GET, PAGE)
    context = {
        "filter": narrowed,
        "chosen": kept(request.GET.dict()),
        "sort": sort,
        "rows": _rows(page),
        "why_not": _why_not_pause(request.user, page.items),
        "page": page,
        **_counts(everything),
        "tags": _tags(everything),
        "missed": _anything_missed(everything),
    }
    return render_page(request, "schedules/list.html", "schedules/_list.html", context)


@login_required
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """Pause or resume the chosen schedules; each that is refused says why."""
    chosen = list(visible(request).filter(pk__in=_uuids(request.POST.getlist("selected"))).values_list("pk", flat=True))
    pausing = request.POST.get("action") == "pause"
    if not chosen:
        messages.warning(request, _("Choose at least one schedule first."))
        return redirect(_back(request))
    try:
        if pausing:
            reason = storable(request.POST.get("reason", "")[:500])
            results = services.bulk_pause(chosen, user=request.user, reason=reason)
        else:
            results = services.bulk_resume(chosen, user=request.user)
    except ScheduleError as error:
        messages.error(request, str(error))
        return redirect(_back(request))
    done = sum(result.ok for result in results)
    if done:
        said = (
            ngettext("%(count)d schedule paused.", "%(count)d schedules paused.", done)
            if pausing
            else ngettext("%(count)d schedule resumed.", "%(count)d schedules resumed.", done)
        )
        messages.success(request, said % {"count": done})
    for message in list(dict.fromkeys(result.message for result in results if not result.ok))[:5]:
        messages.error(request, message)
    return redirect(_back(request))


def _rows(page: Page[Schedule]) -> list[Row]:
    """Return the lines of a page; the last occurrences of all of them cost one query."""
    newest = Occurrence.objects.filter(schedule=OuterRef("pk")).order_by("-scheduled_at").values("pk")[:1]
    ids = Schedule.objects.filter(pk__in=[schedule.pk for schedule in page.items]).annotate(last_id=Subquery(newest))
    last = {o.schedule_id: o for o in Occurrence.objects.filter(pk__in=ids.values("last_id"))}
    labels = Labels()
    return [
        Row(
            schedule,
            sentence_of(schedule),
            state_of(schedule),
            labels.label(schedule.workflow_name) if schedule.workflow_name else schedule.function,
            last.get(schedule.pk),
        )
        for schedule in page.items
    ]


def _why_not_pause(user: Person, schedules: Sequence[Schedule]) -> str:
    """Return why the viewer can pause none of these schedules, or nothing."""
    names = {schedule.workflow_name for schedule in schedules if schedule.workflow_name}
    if is_admin(user) or any(may(user, Action.SCHEDULE, name) for name in names):
        return ""
    return _("You may see these schedules but not change them. An administrator can give you the role “scheduler”.")


def _counts(queryset: QuerySet[Schedule]) -> dict[str, Any]:
    """Return how many schedules are in each state, for the chips above the list."""
    of_state = {state.value: Count("pk", filter=STATE_OF[state]) for state in State}
    counts = queryset.order_by().aggregate(total=Count("pk"), **of_state)
    states = [(state, state.label, counts[state]) for state in State if counts[state] or state is State.ACTIVE]
    return {"total": counts["total"], "states": states}


def _anything_missed(queryset: QuerySet[Schedule]) -> bool:
    """Return whether due times were missed that nobody has decided about."""
    missed = Occurrence.objects.filter(outcome=Outcome.MISSED, reason=Reason.LATE, decided_at=None)
    return missed.filter(schedule__in=queryset.order_by()).exists()


def _tags(queryset: QuerySet[Schedule]) -> list[str]:
    tagged = queryset.filter(~Q(tags=[])).order_by().annotate(tag=F("tags"))
    return sorted({tag for tags in tagged.values_list("tag", flat=True).distinct()[:200] for tag in tags})


def _uuids(values: list[str]) -> list[UUID]:
    found = []
    for value in values:
        try:
            found.append(UUID(value))
        except ValueError:
            continue
    return found


def _back(request: HttpRequest) -> str:
    """Return the filtered list that the person came from, if it is ours."""
    address = request.POST.get("next", "")
    ours = address.startswith(reverse("schedules:list")) and url_has_allowed_host_and_scheme(address, None)
    return address if ours and short_enough(address) else reverse("schedules:list")
