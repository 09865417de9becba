"""The Tasks tab: the list, a task's own page, and what "Run now" does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from orchestrator_admin.htmx import render_page, wants_fragment
from tasks import checks, services
from tasks.exceptions import TaskError
from tasks.models import InputState, Origin, Target, Workflow
from tasks.registry import get_workflow
from tasks.views import neighbours, runform
from tasks.views.finding import find_process, find_workflow, seen_processes, seen_workflows, viewer
from tasks.views.grid import grid
from tasks.views.process import page_context
from tasks.views.rows import TaskRow, runs_of, task_rows, trend
from tasks.views.timeline import planned_steps
from tasks.views.worked import with_worked

HISTORY = 25
FILTERS: dict[str, tuple[Any, Callable[[TaskRow], bool]]] = {
    "": (gettext_lazy("All"), lambda row: True),
    "scheduled": (gettext_lazy("Scheduled"), lambda row: row.next_run is not None),
    "failed": (gettext_lazy("Failed last"), lambda row: row.failed_last),
    "running": (gettext_lazy("Running"), lambda row: row.running),
}


@login_required
@require_GET
def tasks(request: HttpRequest) -> HttpResponse:
    """List the tasks that have all their parts; staff also see what the others lack."""
    listed = seen_workflows(request).filter(target=Target.SYSTEM, name__in=checks.listed_names())
    rows = task_rows(listed, viewer(request))
    words = request.GET.get("q", "").casefold().split()
    found = [row for row in rows if all(word in _text(row) for word in words)]
    chosen = request.GET.get("show", "") if request.GET.get("show") in FILTERS else ""
    context = {
        "rows": [row for row in found if FILTERS[chosen][1](row)],
        "total": len(rows),
        "query": request.GET.get("q", ""),
        "chosen": chosen,
        "chips": [(key, text, sum(map(test, found))) for key, (text, test) in FILTERS.items()],
        "missing": checks.missing_parts() if viewer(request).is_staff else [],
    }
    return render_page(request, "tasks/tasks.html", "tasks/_tasks.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def task(request: HttpRequest, name: str) -> HttpResponse:
    """Show a task with its run form; a POST answers a page of the form, and starts the task after the last one."""
    workflow = find_workflow(request, name)
    if request.method == "POST":
        return run(request, name)
    again = request.GET.get("again")
    prefill: list[Any] = [request.GET.dict()]
    if again:
        prefill = _inputs_of(request, again)
    return _task_page(request, workflow, _first_page(request, workflow, prefill))


@login_required
@require_POST
def run(request: HttpRequest, name: str) -> HttpResponse:
    """Start a workflow, or ask for the next page of its inputs. Shows the new process: in place for htmx."""
    workflow = find_workflow(request, name)
    try:
        answers = runform.posted_page(get_workflow(name).initial_input_form, request, state=None)
        if not answers.complete:
            return _task_page(request, workflow, answers, status=422 if answers.form and answers.form.errors else 200)
        pages = answers.answered
        process_id = services.start_process(name, pages, viewer(request), origin=Origin.PAGE)
    except TaskError as error:
        return _refused(request, workflow, str(error))
    if wants_fragment(request):
        context = page_context(request, find_process(request, process_id), acting=False)
        return render(request, "processes/_started.html", context, status=201)
    return redirect("tasks:process", process_id=process_id)


def _refused(request: HttpRequest, workflow: Workflow, sentence: str) -> HttpResponse:
    if wants_fragment(request):
        return render(request, "components/_refused.html", {"sentence": sentence}, status=409)
    messages.error(request, sentence)
    return redirect("tasks:detail", name=workflow.name)


def workflow_page(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    """Show a workflow with its run form: tasks and those tied to products alike."""
    return _task_page(request, workflow, _first_page(request, workflow, [request.GET.dict()]))


def _task_page(
    request: HttpRequest, workflow: Workflow, answers: runform.RunForm, *, status: int = 200
) -> HttpResponse:
    own = with_worked(seen_processes(request).filter(workflow=workflow))
    named = neighbours.with_schedule_names(own, viewer(request)).select_related("created_by")
    history = list(named.order_by("-started_at")[:HISTORY])
    steps = [step.name for step in planned_steps(workflow.name)]
    [row] = task_rows(Workflow.objects.filter(pk=workflow.pk), viewer(request))
    if not row.why_not:
        row = replace(row, why_not=services.start_refusal(workflow.name, viewer(request)))
    schedules = neighbours.schedules_of(workflow.name, viewer(request))
    context = {
        "row": row,
        "workflow": workflow,
        "answers": answers,
        "steps": steps,
        "schedules": schedules,
        "was_due": any(schedule.last for schedule in schedules),
        "history": history,
        "bars": trend(runs_of(history)),
        "grid": grid(history, steps),
        "missing": _missing(request, workflow.name),
    }
    return render(request, "tasks/task.html", context, status=status)


def _first_page(request: HttpRequest, workflow: Workflow, prefill: list[Any]) -> runform.RunForm:
    try:
        source = get_workflow(workflow.name).initial_input_form
        return runform.first_page(source, state=None, user=request.user, prefill=prefill)
    except TaskError as error:
        return runform.RunForm(None, [], str(error))


def _inputs_of(request: HttpRequest, process_id: str) -> list[Any]:
    """Return what was given to an earlier process, for "Start again"; a wrong id gives nothing."""
    try:
        process = find_process(request, UUID(process_id))
    except (Http404, ValueError):
        return []
    given = InputState.objects.filter(process=process, input_type="initial").first()
    return list(given.user_inputs) if given else []


def _missing(request: HttpRequest, name: str) -> list[checks.MissingPart]:
    if not viewer(request).is_staff:
        return []
    return [part for part in checks.missing_parts() if part.workflow_name == name]


def _text(row: TaskRow) -> str:
    return f"{row.title} {row.name} {row.description}".casefold()
