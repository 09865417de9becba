"""Finds pages, tasks, schedules and processes by what people type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from orchestrator_admin.words import clock
from tasks.models import Process
from tasks.registry import label
from tasks.views.finding import seen_processes, seen_workflows, viewer

MOST = 20
# The end of an id, which lists show, is looked for among this many latest processes.
LATEST = 2_000


@dataclass(frozen=True)
class Hit:
    """Something that was found."""

    kind: str
    title: str
    detail: str
    address: str


@login_required
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """List what fits; a single process or an exact name is shown at once."""
    text = request.GET.get("q", "").strip()[:200]
    hits = _find(request, text) if text else []
    exact = [hit for hit in hits if hit.title.casefold() == text.casefold()]
    only = exact if len(exact) == 1 else hits
    if len(only) == 1:
        return redirect(only[0].address)
    return render(request, "search/search.html", {"find": text, "hits": hits, "most": MOST})


def _find(request: HttpRequest, text: str) -> list[Hit]:
    words = text.casefold().split()
    pages = [hit for hit in _pages() if all(word in hit.title.casefold() for word in words)]
    return [*pages, *_workflows(request, words), *_schedules(request, text), *_processes(request, text)]


def _pages() -> list[Hit]:
    names = {
        "dashboard": _("Dashboard"),
        "tasks:list": _("Tasks"),
        "schedules:list": _("Schedules"),
        "schedules:new": _("New schedule"),
        "schedules:week": _("Week of schedules"),
        "tasks:processes": _("Processes"),
        "tasks:workflows": _("Workflows"),
        "tasks:products": _("Products"),
        "tasks:subscriptions": _("Subscriptions"),
        "system": _("System"),
        "design": _("Design system"),
        "account_tokens": _("API tokens"),
    }
    return [Hit(_("Page"), title, "", reverse(name)) for name, title in names.items()]


def _workflows(request: HttpRequest, words: list[str]) -> list[Hit]:
    hits = []
    for workflow in seen_workflows(request):
        title = label(workflow.name)
        text = f"{title} {workflow.name} {workflow.description}".casefold()
        if all(word in text for word in words):
            kind = _("Task") if workflow.is_task else _("Workflow")
            hits.append(Hit(kind, title, workflow.description, reverse("tasks:workflow", args=[workflow.name])))
    return hits[:MOST]


def _schedules(request: HttpRequest, text: str) -> list[Hit]:
    from schedules.services import visible_schedules

    found = visible_schedules(viewer(request)).filter(name__icontains=text).order_by("name")[:MOST]
    return [
        Hit(
            _("Schedule"),
            schedule.name,
            str(schedule.get_trigger_display()),
            reverse("schedules:detail", args=[schedule.pk]),
        )
        for schedule in found
    ]


def _processes(request: HttpRequest, text: str) -> list[Hit]:
    """Find processes by their id, by how it begins, or (among the latest) by how it ends."""
    digits = text.replace("-", "").lower()
    if not re.fullmatch(r"[0-9a-f]{4,32}", digits):
        return []
    low, high = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    processes = seen_processes(request)
    found = list(_shown(processes.filter(pk__gte=low, pk__lte=high)))
    if not found:
        latest = processes.order_by("-started_at").values_list("pk", flat=True)[:LATEST]
        found = list(_shown(Process.objects.filter(pk__in=[pk for pk in latest if pk.hex.endswith(digits)])))
    return [
        Hit(
            _("Process"),
            label(process.workflow.name),
            f"{process.get_status_display()}, {clock(process.started_at)}, {process.pk}",
            reverse("tasks:process", args=[process.pk]),
        )
        for process in found
    ]


def _shown(processes: QuerySet[Process]) -> QuerySet[Process]:
    return processes.select_related("workflow").order_by("-pk")[:MOST]
