"""`/api/tasks/` and `/api/workflows/`: what can be started, and what its form asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.apps import apps
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Least
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.api import ScopedMixin
from accounts.models import Scope
from accounts.permissions import visible_workflows
from orchestrator_admin.rest.serializers import read
from tasks.api.filters import WorkflowFilter
from tasks.api.forms import described
from tasks.api.problems import TaskErrorsMixin
from tasks.api.serializers import FormPageSerializer, PagesBody, WorkflowSerializer
from tasks.exceptions import ProcessNotFound
from tasks.inputs import next_page
from tasks.models import Process, Workflow
from tasks.registry import get_workflow

if TYPE_CHECKING:
    from rest_framework.request import Request


class WorkflowViewSet(TaskErrorsMixin, ScopedMixin, GenericViewSet[Workflow]):
    """Workflows of every target."""

    serializer_class = WorkflowSerializer
    filterset_class = WorkflowFilter
    ordering_fields = ("name", "created_at", "target")
    queryset = Workflow.objects.all()
    lookup_field = "name"
    action_scopes: ClassVar[dict[str, Scope]] = {"form": Scope.READ}

    def get_queryset(self) -> QuerySet[Workflow]:
        return with_runs(seen_by(self.request.user, super().get_queryset()))

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, name: str) -> Response:
        return Response(self.get_serializer(self._named(name)).data)

    @extend_schema(request=PagesBody, responses=FormPageSerializer)
    def form(self, request: Request, name: str) -> Response:
        """Say what the form asks next, after the pages that are answered already. Starts nothing."""
        workflow = self._named(name)
        pages = read(PagesBody, request.data)["user_inputs"]
        source = get_workflow(workflow.name).initial_input_form
        return Response(described(next_page(source, pages, user=request.user)))

    def _named(self, name: str) -> Workflow:
        if "\x00" in name:
            raise ProcessNotFound(name)
        workflow: Workflow = get_object_or_404(self.get_queryset(), name=name)
        return workflow


class TaskViewSet(WorkflowViewSet):
    """Workflows that are tied to no product."""

    queryset = Workflow.objects.filter(is_task=True)


def seen_by(user: Any, workflows: QuerySet[Workflow]) -> QuerySet[Workflow]:
    """Return those that the user may see."""
    names = visible_workflows(user)
    return workflows if names is None else workflows.filter(name__in=names)


def with_runs(workflows: QuerySet[Workflow]) -> QuerySet[Workflow]:
    """Add the last run and the next due time of each."""
    # By the index on workflow and time alone: with the key as well, the planner walks all of history for a rare task.
    runs = Process.objects.filter(workflow=OuterRef("pk")).order_by("-started_at")
    # Its own schedules and the functions of code that name it. The model is above this application: by its label.
    # Apart from each other, since each has an index, and an OR of both has none.
    due = apps.get_model("schedules", "Schedule").objects.filter(enabled=True, next_due_at__isnull=False)
    first = due.order_by("next_due_at").values("next_due_at")
    own = first.filter(workflow_id=OuterRef("name"))
    functions = first.filter(workflow_id=None, starts__contains=[OuterRef("name")])
    return workflows.annotate(
        last_process_id=Subquery(runs.values("process_id")[:1]),
        last_status=Subquery(runs.values("status")[:1]),
        last_at=Subquery(runs.values("started_at")[:1]),
        next_run_at=Least(Subquery(own[:1]), Subquery(functions[:1])),  # of what there is
    )
