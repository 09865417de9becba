"""Finds what an address names, as far as the viewer may see it. What they may not see does not exist for them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from accounts.permissions import Action, may
from tasks import services
from tasks.models import Process, Workflow

if TYPE_CHECKING:
    from accounts.models import User


def viewer(request: HttpRequest) -> User:
    """Return who looks at the page; every page of this application is behind the login."""
    return request.user  # type: ignore[return-value]


def seen_workflows(request: HttpRequest) -> QuerySet[Workflow]:
    """Return the workflows that the viewer may see."""
    return services.workflows_seen_by(viewer(request))


def seen_processes(request: HttpRequest) -> QuerySet[Process]:
    """Return the processes of the workflows that the viewer may see."""
    return services.processes_seen_by(viewer(request))


def find_workflow(request: HttpRequest, name: str, **narrower: object) -> Workflow:
    workflow = Workflow.objects.filter(name=name, **narrower).first()
    if workflow is None or not may(viewer(request), Action.SEE, workflow.name):
        raise Http404
    return workflow


def find_process(request: HttpRequest, process_id: UUID) -> Process:
    process = Process.objects.select_related("workflow", "created_by").filter(pk=process_id).first()
    if process is None or not may(viewer(request), Action.SEE, process.workflow.name):
        raise Http404
    return process
