"""The Processes tab: a list that can be narrowed, worked on in bulk, and taken away as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.permissions import Action, may
from orchestrator_admin.addresses import short_enough
from orchestrator_admin.htmx import render_page
from orchestrator_admin.paging import batches, paged
from orchestrator_admin.streaming import Streamed
from tasks import services
from tasks.exceptions import TaskError
from tasks.filters import Group, ProcessFilter
from tasks.models import Origin, Process, ProcessStatus
from tasks.registry import labels
from tasks.views import neighbours
from tasks.views.finding import seen_processes, seen_workflows, viewer
from tasks.views.worked import with_worked

PAGE_SIZE = 50
MOST_SELECTED = 500
BULK_ACTIONS = ("retry", "abort", "delete")


@login_required
@require_GET
def processes(request: HttpRequest) -> HttpResponse:
    """List processes, the latest first, narrowed to what the address asks for."""
    narrowed = ProcessFilter(request.GET, seen_processes(request), request=request)
    valid = narrowed.form.is_valid()
    rows = neighbours.with_schedule_names(with_worked(seen_processes(request)), viewer(request))
    rows = rows.select_related("workflow", "created_by").defer("traceback")
    parts = narrowed.parts if valid else [Process.objects.none()]
    page = paged(rows, "started_at", request.GET, PAGE_SIZE, parts)
    titles = labels({process.workflow.name for process in page.items})
    context = {
        "page": page,
        "lines": [(process, titles[process.workflow.name]) for process in page.items],
        "why_not": _why_not_act(viewer(request), titles),
        "form": narrowed.form,
        "narrowed": bool(_filters(request.GET)),
        "groups": [("", _("All")), *Group.choices],
        "group": request.GET.get("group", ""),
        "workflows": _choices(request),
        "statuses": ProcessStatus.choices,
        "schedule": neighbours.schedule(narrowed.form.cleaned_data.get("schedule_id"), viewer(request))
        if valid
        else None,
    }
    return render_page(request, "processes/processes.html", "processes/_processes.html", context)


@login_required
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """Retry, abort or delete the selected processes; says of each that could not be why not."""
    action = request.POST.get("action", "")
    ids = _seen(request, _ids(request.POST.getlist("selected")))
    if action not in BULK_ACTIONS or not ids:
        messages.error(request, _("Select at least one process first."))
        return redirect(_list(request))
    try:
        results = services.bulk(action, ids, user=viewer(request), origin=Origin.PAGE)
    except TaskError as error:
        messages.error(request, str(error))
    else:
        done = sum(result.ok for result in results)
        if done:
            text = ngettext("Done for %(count)d process.", "Done for %(count)d processes.", done)
            messages.success(request, text % {"count": done})
        for sentence in dict.fromkeys(result.message for result in results if not result.ok):
            count = sum(result.message == sentence for result in results)
            messages.error(request, _("Not done for %(count)d: %(why)s") % {"count": count, "why": sentence})
    return redirect(_list(request))


def _list(request: HttpRequest) -> str:
    """Return the list as it was narrowed, or whole where that is longer than any address the page makes."""
    back = request.POST.get("back", "")
    return f"{request.path_info.removesuffix('bulk/')}?{back if short_enough(back) else ''}"


@login_required
@require_GET
def export(request: HttpRequest) -> Streamed:
    """Stream all processes that the filters leave, as CSV, a thousand rows at a time."""
    narrowed = ProcessFilter(request.GET, seen_processes(request))
    found = narrowed.qs if narrowed.form.is_valid() else Process.objects.none()
    rows = found.select_related("workflow", "created_by").defer("traceback")
    response = Streamed(_csv(rows), content_type="text/csv")
    response["Content-Disposition"] = 'attachment; filename="processes.csv"'
    return response


def _csv(found: QuerySet[Process]) -> Iterator[str]:
    yield _lines(
        [("process_id", "workflow_name", "status", "started_at", "first_run_at", "completed_at", "created_by", "origin",
          "schedule_id", "failed_reason", "note")]
    )  # fmt: skip
    for processes in batches(found, "started_at"):
        yield _lines(map(_row, processes))


def _lines(rows: Iterable[Sequence[object]]) -> str:
    written = StringIO(newline="")
    csv.writer(written).writerows(rows)
    return written.getvalue()


def _row(process: Process) -> Sequence[object]:
    moments = (process.started_at, process.first_run_at, process.completed_at)
    person = _text(process.created_by.get_username()) if process.created_by else ""
    return (
        process.pk, process.workflow.name, process.status, *(at.isoformat() if at else "" for at in moments), person,
        process.origin, process.schedule_id or "", _text(process.failed_reason), _text(process.note),
    )  # fmt: skip


def _text(value: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else value


def _why_not_act(user: User, names: Iterable[str]) -> str:
    """Return why the viewer can do nothing to any process of these workflows, or nothing."""
    if any(may(user, Action.RETRY, name) for name in names):
        return ""
    return _("You may see these processes but not change them. An administrator can give you the role “operator”.")


def _choices(request: HttpRequest) -> list[tuple[str, str]]:
    names = seen_workflows(request).values_list("name", flat=True)
    return sorted(labels(names).items(), key=lambda choice: choice[1].casefold())


def _filters(parameters: QueryDict) -> list[str]:
    return [name for name in ProcessFilter.base_filters if parameters.get(name) and name != "group"]


def _seen(request: HttpRequest, ids: list[UUID]) -> list[UUID]:
    """Return those that exist for the viewer, in the same order."""
    seen = set(seen_processes(request).filter(pk__in=ids).values_list("pk", flat=True))
    return [process_id for process_id in ids if process_id in seen]


def _ids(values: list[str]) -> list[UUID]:
    ids = []
    for value in values[:MOST_SELECTED]:
        try:
            ids.append(UUID(value))
        except ValueError:
            continue
    return ids
