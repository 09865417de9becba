"""One schedule: its facts, its next due times, and the ledger in which every due time has an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.views.decorators.http import require_safe

from accounts.permissions import Action, may
from orchestrator_admin import words
from orchestrator_admin.htmx import render_page, wants_fragment
from orchestrator_admin.paging import paged
from schedules import services
from schedules.filters import OccurrenceFilter, kept, state_of
from schedules.models import Occurrence, Outcome, Reason
from schedules.views.due import compared, due_times_of
from schedules.views.finding import found
from tasks.exceptions import TaskError
from tasks.labelled import Answer, answers
from tasks.models import FAILURES, TERMINAL, Process
from tasks.registry import get_workflow, label

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from accounts.permissions import Person
    from orchestrator_admin.paging import Page
    from schedules.models import Schedule
    from schedules.views.due import DueTimes

LEDGER = 25
SHOWN = 3  # processes of one occurrence
STOPPED = (*TERMINAL, *FAILURES)
COUNTED = 10_000  # the newest occurrences that the counts are made of: the same work for any ledger


@dataclass
class Entry:
    """One line of the ledger."""

    occurrence: Occurrence
    processes: list[Process] = field(default_factory=list)

    @property
    def lag(self) -> timedelta:
        """How long after the due time it was answered."""
        return self.occurrence.fired_at - self.occurrence.scheduled_at

    @property
    def undecided(self) -> bool:
        """Whether a person still has to say if this missed due time is made up for."""
        due = self.occurrence
        return due.outcome == Outcome.MISSED and due.reason == Reason.LATE and due.decided_at is None

    @property
    def shown(self) -> list[Process]:
        """A function may start hundreds; the first few stand for them."""
        return self.processes[:SHOWN]

    @property
    def more(self) -> int:
        """How many more there are."""
        return max(len(self.processes) - SHOWN, 0)


@login_required
@require_safe
def schedule(request: HttpRequest, pk: str) -> HttpResponse:
    """Show a schedule; the part that changes by itself is the fragment."""
    schedule = found(request, pk)
    narrowed = OccurrenceFilter(request.GET, Occurrence.objects.filter(schedule=schedule))
    ledger = narrowed.qs if narrowed.is_valid() else Occurrence.objects.none()
    page = paged(ledger, "scheduled_at", request.GET, LEDGER)
    times = due_times_of(schedule)
    entries = _entries(page, request.user)
    context = {
        "schedule": schedule,
        "task": str(label(schedule.workflow_name)) if schedule.workflow_name else "",
        "state": state_of(schedule),
        "times": times,
        "edited": None if wants_fragment(request) else _edited(request, schedule, times),
        "filter": narrowed,
        "chosen": kept(request.GET.dict()),
        "entries": entries,
        "page": page,
        "counts": _counts(schedule),
        "live": _topics(schedule, page, entries),
        "grace": timedelta(seconds=schedule.misfire_grace),
        "announcement": _announcement(page),
        "can": services.available_actions(schedule, request.user),
        "inputs": _inputs(schedule),
    }
    return render_page(request, "schedules/detail.html", "schedules/_live.html", context)


def _entries(page: Page[Occurrence], user: Person) -> list[Entry]:
    """Return the lines of the ledger with the processes that they started, as far as `user` sees them, in one query.

    A function may start what not everybody sees, and a schedule may have started another task before it was edited.
    """
    entries = {occurrence.pk: Entry(occurrence) for occurrence in page.items}
    for process in Process.objects.filter(occurrence_id__in=entries).select_related("workflow").order_by("started_at"):
        if process.occurrence_id is not None and may(user, Action.SEE, process.workflow.name):
            entries[process.occurrence_id].processes.append(process)
    return list(entries.values())


def _topics(schedule: Schedule, page: Page[Occurrence], entries: list[Entry]) -> str:
    """Return what the page follows: its schedule, and the processes that it shows and that still go on."""
    if page.first:
        return ""
    going = [process.pk for entry in entries for process in entry.shown if process.status not in STOPPED]
    return " ".join([f"schedule:{schedule.pk}", *(f"process:{pk}" for pk in going[:40])])


def _announcement(page: Page[Occurrence]) -> str:
    """Return what screen readers are told when it changes: the newest occurrence."""
    if not page.items:
        return ""
    newest = page.items[0]
    return f"{words.clock(newest.scheduled_at)}: {newest.get_outcome_display()}"


def _inputs(schedule: Schedule) -> list[Answer]:
    """Return what the task is started with, in the words of its form as far as its code can be loaded."""
    try:
        source = get_workflow(schedule.workflow_name).initial_input_form if schedule.workflow_name else None
    except TaskError:
        source = None
    return answers(source, schedule.user_inputs)


def _counts(schedule: Schedule) -> dict[str, Any]:
    """Return how many of the newest occurrences had each outcome."""
    newest = Occurrence.objects.filter(schedule=schedule).order_by("-scheduled_at").values("outcome")[:COUNTED]
    of_outcome = {outcome.value: Count("outcome", filter=Q(outcome=outcome)) for outcome in Outcome}
    counts = newest.aggregate(**of_outcome)
    return {
        "outcomes": [(outcome, outcome.label, counts[outcome]) for outcome in Outcome],
        "total": sum(counts.values()),
        "capped": sum(counts.values()) >= COUNTED,
    }


def _edited(request: HttpRequest, schedule: Schedule, times: DueTimes | None) -> DueTimes | None:
    """Return the due times from before an edit beside the new ones, on the first page after it."""
    edited = request.session.get("schedule_edited")
    if times is None or not edited or edited.get("id") != str(schedule.pk):
        return None
    del request.session["schedule_edited"]
    return compared(times, [datetime.fromisoformat(at) for at in edited["before"]])
