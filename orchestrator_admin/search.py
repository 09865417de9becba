"""Finds pages, tasks, schedules and processes by what people type: while they type, and as a page.

Guarantee: the work is bounded, however much history there is. Of each kind the first or the newest few are looked up,
each by an index; the end of a process's id, which lists show, is looked for among the latest processes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.permissions import visible_workflows
from orchestrator_admin.htmx import render_page, wants_fragment
from orchestrator_admin.paging import paged
from orchestrator_admin.words import clock
from tasks import texts
from tasks.models import Process
from tasks.registry import Labels
from tasks.views.finding import seen_processes, seen_workflows, viewer

MOST = 20
MOST_WHILE_TYPING = 5
LATEST = 2_000
LONGEST = 200


@dataclass(frozen=True)
class Hit:
    """Something that was found. `status` is a process's, to be drawn."""

    title: str
    detail: str
    address: str
    status: str = ""


@dataclass(frozen=True)
class Kind:
    """What was found of one kind. `meant` tells that these are hits by id, which nobody types by chance."""

    name: str
    hits: list[Hit] = field(default_factory=list)
    more: str = ""
    meant: bool = False


@login_required
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """List what fits; on the page, a single hit or an exact name is shown at once."""
    text = request.GET.get("q", "").strip()[:LONGEST]
    typing = wants_fragment(request)
    kinds = _find(request, text, MOST_WHILE_TYPING if typing else MOST) if text else []
    only = None if typing else _meant(kinds, text)
    if only is not None:
        return redirect(only.address)
    found = [kind for kind in kinds if kind.hits]
    context = {"find": text, "kinds": found, "count": sum(len(kind.hits) for kind in found)}
    return render_page(request, "search/search.html", "search/_found.html", context)


def _meant(kinds: list[Kind], text: str) -> Hit | None:
    """Return the hit that can only have been meant: the one with that name, the one by its id, or the only one."""
    everything = [hit for kind in kinds for hit in kind.hits]
    named = [hit for hit in everything if not hit.status and hit.title.casefold() == text.casefold()]
    by_id = [hit for kind in kinds if kind.meant for hit in kind.hits]
    return next((found[0] for found in (named, by_id, everything) if len(found) == 1), None)


def _find(request: HttpRequest, text: str, most: int) -> list[Kind]:
    words = text.casefold().split()
    pages = [hit for hit in _pages() if all(word in hit.title.casefold() for word in words)]
    return [
        Kind(_("Pages"), pages[:most]),
        *_workflows(request, words, most),
        _schedules(request, words, most),
        _processes(request, text, most),
    ]


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
    return [Hit(title, "", reverse(name)) for name, title in names.items()]


def _workflows(request: HttpRequest, words: list[str], most: int) -> list[Kind]:
    tasks, others = Kind(_("Tasks")), Kind(_("Workflows"))
    labels = Labels()
    for workflow in seen_workflows(request):
        title = labels.label(workflow.name)
        text = f"{title} {workflow.name} {workflow.description}".casefold()
        if all(word in text for word in words):
            address = reverse("tasks:workflow", args=[workflow.name])
            (tasks if workflow.is_task else others).hits.append(Hit(title, workflow.description, address))
    for kind in (tasks, others):
        kind.hits.sort(key=lambda hit: hit.title.casefold())
        del kind.hits[most:]
    return [tasks, others]


def _schedules(request: HttpRequest, words: list[str], most: int) -> Kind:
    from schedules.services import visible_schedules

    found = visible_schedules(viewer(request))
    for word in words[: texts.MOST_WORDS]:
        found = found.filter(name__icontains=word)
    schedules = list(found.order_by("name", "id").only("name", "trigger", "workflow_id")[: most + 1])
    hits = [
        Hit(schedule.name, str(schedule.get_trigger_display()), reverse("schedules:detail", args=[schedule.pk]))
        for schedule in schedules
    ]
    more = f"{reverse('schedules:list')}?{urlencode({'q': ' '.join(words)})}" if len(hits) > most else ""
    return Kind(_("Schedules"), hits[:most], more)


def _processes(request: HttpRequest, text: str, most: int) -> Kind:
    """Find processes by id, or the newest in whose task's name, reason or note every word stands."""
    by_id = _by_id(seen_processes(request), text)
    if by_id:
        return Kind(_("Processes"), _hits(by_id[:most]), meant=True)
    words = texts.words_of(text)
    if not words:
        return Kind(_("Processes"))
    rows = seen_processes(request).select_related("workflow").defer("traceback")
    parts = texts.branches(seen_processes(request), words, visible_workflows(viewer(request)))
    page = paged(rows, "started_at", QueryDict(), most, parts)
    more = f"{reverse('tasks:processes')}?{urlencode({'text': ' '.join(words)})}" if page.next else ""
    return Kind(_("Processes"), _hits(page.items), more)


def _by_id(processes: QuerySet[Process], text: str) -> list[Process]:
    """Find processes by how their id begins, or else, among the latest, by how it ends."""
    digits = text.replace("-", "").lower()
    if not re.fullmatch(r"[0-9a-f]{4,32}", digits):
        return []
    low, high = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    found = list(_shown(processes.filter(pk__gte=low, pk__lte=high)))
    ending = digits if len(digits) <= 12 else f"{digits[:-12]}-{digits[-12:]}"
    if found or len(digits) > 16:
        return found
    latest = processes.order_by("-started_at").values("pk")[:LATEST]
    return list(
        _shown(processes.filter(pk__in=latest).annotate(_id=Cast("pk", TextField())).filter(_id__endswith=ending))
    )


def _shown(processes: QuerySet[Process]) -> QuerySet[Process]:
    return processes.select_related("workflow").defer("traceback").order_by("-pk")[:MOST]


def _hits(processes: Iterable[Process]) -> list[Hit]:
    labels = Labels()
    return [
        Hit(
            labels.label(process.workflow.name),
            f"{process.get_status_display()}, {clock(process.started_at)}, {process.failed_reason or process.pk}",
            reverse("tasks:process", args=[process.pk]),
            process.status,
        )
        for process in processes
    ]
