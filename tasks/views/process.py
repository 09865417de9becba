"""The page of one process, and what can be done to it there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, F
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.permissions import Action, may
from orchestrator_admin.htmx import render_page
from tasks import services
from tasks.exceptions import TaskError
from tasks.labelled import Answer, answers
from tasks.models import FAILURES, TERMINAL, InputState, Origin, Process, ProcessStatus, StepLog
from tasks.registry import get_workflow, label
from tasks.secrets import mask, without_routes
from tasks.statuses import FINISHED_STEP, StepStatus
from tasks.views import neighbours, runform
from tasks.views.finding import find_process, viewer
from tasks.views.grid import compare
from tasks.views.items import Within, count_items, items_of
from tasks.views.rows import form_of, usual_span
from tasks.views.states import difference, frames
from tasks.views.timeline import StepRow, step_rows, working_time
from tasks.views.worked import with_worked

LOG_LINES = 500
ACTIONS_SHOWN = 50
USUAL_OF = 20
USUAL_FROM = 2
# Time between the steps is worth a word where it is this long, and this part of the whole.
NOTABLE_IDLE, NOTABLE_PART = timedelta(seconds=1), 0.1
# What a button says, and what it asks before it does something that cannot be undone.
ACTIONS = {
    "retry": (gettext_lazy("Retry"), ""),
    "start_again": (gettext_lazy("Start again"), ""),
    "abort": (
        gettext_lazy("Abort"),
        gettext_lazy("The process stops for good after its current step. What its steps have done stays done."),
    ),
    "delete": (
        gettext_lazy("Delete"),
        gettext_lazy("The process, its steps, states and logs are removed. This cannot be undone."),
    ),
}
# Each returns which process to show afterwards.
DO: dict[str, Callable[[UUID, User], UUID | None]] = {
    "retry": lambda process_id, user: services.retry_process(process_id, user=user, origin=Origin.PAGE).pk,
    "start_again": lambda process_id, user: services.start_again(process_id, user=user, origin=Origin.PAGE),
    "abort": lambda process_id, user: services.abort_process(process_id, user=user, origin=Origin.PAGE).pk,
    "delete": lambda process_id, user: services.delete_process(process_id, user=user),
}


@login_required
@require_GET
def process(request: HttpRequest, process_id: UUID) -> HttpResponse:
    """Show one process; htmx gets its live part alone, or (`?as=card`) the short form that lists show."""
    found = find_process(request, process_id)
    card = request.GET.get("as") == "card"
    context = page_context(request, found, acting=not card)
    fragment = "processes/_card.html" if card else "processes/_process.html"
    return render_page(request, "processes/process.html", fragment, context)


@login_required
@require_POST
def act(request: HttpRequest, process_id: UUID, action: str) -> HttpResponse:
    """Retry, abort, start again or delete a process, then show what came of it."""
    if action not in DO:
        raise Http404
    found = find_process(request, process_id)
    try:
        shown = DO[action](found.pk, viewer(request))
    except TaskError as error:
        messages.error(request, str(error))
        shown = found.pk
    if shown is None:
        messages.success(request, _("The process was deleted."))
        return redirect("tasks:processes")
    return redirect("tasks:process", process_id=shown)


@login_required
@require_POST
def resume(request: HttpRequest, process_id: UUID) -> HttpResponse:
    """Take in a page of the form that a suspended process waits for; resume it after the last one."""
    found = find_process(request, process_id)
    form = services.pending_form(found)
    if form is None:
        messages.error(request, _("This process does not wait for an answer any more."))
        return redirect("tasks:process", process_id=found.pk)
    try:
        answers = runform.posted_page(form.source, request, state=form.state)
        if answers.complete and not answers.problem:
            services.resume_process(found.pk, answers.answered, user=viewer(request), origin=Origin.PAGE)
            return redirect("tasks:process", process_id=found.pk)
    except TaskError as error:
        messages.error(request, str(error))
        return redirect("tasks:process", process_id=found.pk)
    wrong = bool(answers.problem or (answers.form and answers.form.errors))
    context = {**page_context(request, found), "resume_form": answers}
    return render(request, "processes/process.html", context, status=422 if wrong else 200)


@login_required
@require_POST
def note(request: HttpRequest, process_id: UUID) -> HttpResponse:
    """Change the note that people leave on a process for each other."""
    found = find_process(request, process_id)
    try:
        text = request.POST.get("note", "").strip()
        services.set_note(found.pk, text, user=viewer(request), origin=Origin.PAGE)
    except TaskError as error:
        messages.error(request, str(error))
    return redirect("tasks:process", process_id=found.pk)


def page_context(request: HttpRequest, process: Process, *, acting: bool = True) -> dict[str, Any]:
    """Return what the page and its live part show, in a fixed number of queries.

    Without `acting`, for what shows no buttons, nobody asks the workflow's code what the viewer may do.
    """
    # In their order, said once more: a query that groups forgets the model's own.
    counted = process.steps.filter(parent=None).defer("state").annotate(item_count=Count("items"))
    steps = list(counted.order_by("pk"))
    within = count_items(process, steps)
    rows = step_rows(process, steps)
    previous = compare(process, rows)
    selected = _selected(rows, request.GET.get("step", ""), process)
    available = services.available_actions(process, viewer(request), asking_code=acting)
    shown = _everything if may(viewer(request), Action.RETRY, process.workflow.name) else without_routes
    return {
        "process": process,
        "title": label(process.workflow.name),
        "rows": rows,
        "previous": previous,
        "selected": selected,
        "following": not request.GET.get("step"),
        "step": _step_panel(process, selected, shown, within) if selected else None,
        **_logs(request, process, selected, shown),
        "frames": frames(process.traceback),
        "worker_lost": _worker_lost(process),
        "actions": _actions(available),
        "inputs": _inputs(process),
        "history": process.history.order_by("-pk")[:ACTIONS_SHOWN][::-1],
        "schedule": neighbours.schedule(process.schedule_id, viewer(request)),
        "usual": _usual(process),
        **_spent(process, rows),
        "has_form": form_of(process.workflow.name)[0],
        "live": process.status not in TERMINAL,
        "resume_form": _resume_form(request, process),
        "resume_refused": available["resume"].why_not if process.status == ProcessStatus.SUSPENDED else "",
    }


def _selected(rows: list[StepRow], key: str, process: Process) -> StepRow | None:
    """Return the row that the address names, or else the one that tells most: running, failed, or the last."""
    ran = [row for row in rows if row.key]
    chosen = next((row for row in ran if row.key == key), None)
    return chosen or (ran[-1] if ran else None)


def _everything(value: Any) -> Any:
    """Return what somebody is shown who may also act: callback routes, too."""
    return value


def _step_panel(
    process: Process, row: StepRow, shown_to: Callable[[Any], Any], within: Within
) -> dict[str, Any] | None:
    """Return the state after the step and what it changed; of the running step: the state that it began with."""
    done = process.steps.filter(parent=None)
    step = done.filter(pk=int(row.key)).first() if row.key != "current" else None
    earlier = done.filter(status__in=FINISHED_STEP)
    if step is not None:
        earlier = earlier.filter(pk__lt=step.pk)
    before = earlier.order_by("-pk").first()
    old = shown_to(mask(before.state if before else {}))
    new = shown_to(mask(step.state)) if step is not None else old
    shown = {key: value for key, value in new.items() if key != "traceback"}
    items = list(items_of(step, within)[:LOG_LINES]) if step is not None and row.items else []
    failed = step is not None and step.status in (StepStatus.FAILED, StepStatus.WAITING)  # its state is the failure's
    lines = difference(shown if failed else old, shown)  # a failure is no change of the state: it is told plainly
    same = all(line.kind == "same" for line in lines)
    return {"step": step, "lines": lines, "same": same, "state": new, "items": items}


def _logs(
    request: HttpRequest, process: Process, row: StepRow | None, shown_to: Callable[[Any], Any]
) -> dict[str, Any]:
    """Return the last lines of a step; of a foreach, with `?item=` in the address, those of one item."""
    if row is None:
        return {"logs": []}
    found = StepLog.objects.filter(process=process, position=row.position)
    item = next((number for number in range(row.items) if str(number) == request.GET.get("item")), None)
    if item is not None:
        found = found.filter(item=item)
    lines = list(found.order_by("-id")[:LOG_LINES])
    for line in lines:
        line.message = shown_to(line.message)
    return {"logs": lines[::-1], "item": item}


def _worker_lost(process: Process) -> bool:
    """Tell whether it stands because its worker is gone: then nothing is known of what its step did elsewhere."""
    return process.status in (*FAILURES, ProcessStatus.WAITING) and process.crashes > 0 and not process.traceback


def _actions(available: dict[str, services.Availability]) -> list[dict[str, Any]]:
    return [
        {"name": name, "label": text, "question": question, "availability": available[name]}
        for name, (text, question) in ACTIONS.items()
        if name in available
    ]


def _inputs(process: Process) -> list[dict[str, Any]]:
    return [
        {"given": given, "answers": _answers(process, given)}
        for given in InputState.objects.filter(process=process).select_related("created_by")
        if any(given.user_inputs)
    ]


def _answers(process: Process, given: InputState) -> list[Answer]:
    """Return what was given in the words of the form that asked for it, as far as the code has it now."""
    try:
        workflow = get_workflow(process.workflow.name)
    except TaskError:
        return answers(None, given.user_inputs)
    if given.input_type == "initial":
        return answers(workflow.initial_input_form, given.user_inputs)
    form = next((step.form for step in workflow.steps if step.name == given.step), None)
    # Such a form may look at the state: at what the step left, in which all is that it saw.
    row = process.steps.filter(parent=None, name=given.step, status__in=FINISHED_STEP).first() if form else None
    return answers(form if row else None, given.user_inputs, state=row.state if row else None)


def _usual(process: Process) -> Any:
    """Return the median duration of the workflow's last completed runs besides this one, where there are some."""
    recent = with_worked(Process.objects.filter(workflow=process.workflow_id, status=ProcessStatus.COMPLETED))
    took = Coalesce("worked", F("completed_at") - F("first_run_at"))
    latest = recent.order_by("-started_at").values_list("pk", took)[: USUAL_OF + 1]
    others = [span for pk, span in latest if pk != process.pk and span is not None][:USUAL_OF]
    return usual_span(others) if len(others) >= USUAL_FROM else None


def _spent(process: Process, rows: list[StepRow]) -> dict[str, timedelta | None]:
    """Return how long it worked; and over how long a time, where it rested between its steps for a notable part.

    Where no step is recorded, as long as it has run.
    """
    whole = _elapsed(process)
    worked = working_time(rows)
    if whole is None or worked is None:
        return {"elapsed": whole, "over": None}
    return {"elapsed": worked, "over": whole if whole - worked >= max(NOTABLE_IDLE, whole * NOTABLE_PART) else None}


def _elapsed(process: Process) -> timedelta | None:
    """Return how long it has run; of one that rests, until when it came to rest."""
    if process.first_run_at is None:
        return None
    rested = process.completed_at or process.last_modified_at
    return (timezone.now() if process.status == ProcessStatus.RUNNING else rested) - process.first_run_at


def _resume_form(request: HttpRequest, process: Process) -> runform.RunForm | None:
    form = services.pending_form(process)
    if form is None:
        return None
    return runform.first_page(form.source, state=form.state, user=request.user)
