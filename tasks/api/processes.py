"""`/api/processes/`: start, list, show, and everything that can be done with a process."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.api import ScopedMixin, idempotent
from accounts.models import Scope
from accounts.permissions import Action, may
from orchestrator_admin.rest.problems import Problem
from orchestrator_admin.rest.serializers import read
from tasks import services
from tasks.api import serializers as shapes
from tasks.api.filters import ProcessFilter
from tasks.api.forms import described
from tasks.api.problems import TaskErrorsMixin
from tasks.exceptions import ProcessNotFound, UnknownWorkflow
from tasks.inputs import next_page
from tasks.models import Origin, Process, StepLog

if TYPE_CHECKING:
    from rest_framework.request import Request

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    description="Of your choice, 1 to 255 characters. The same request under the same key is done once and answered "
    "alike for 24 hours.",
)


# The view itself never waits: see `orchestrator_admin.waiting`.
WAIT = OpenApiParameter(
    "wait",
    {"type": "integer", "minimum": 0, "maximum": 60},
    description="Answer when the process rests, neither queued nor running, or after so many seconds.",
)


class ProcessViewSet(TaskErrorsMixin, ScopedMixin, GenericViewSet[Process]):
    """Runs of workflows."""

    serializer_class = shapes.ProcessSerializer
    filterset_class = ProcessFilter
    ordering_fields = ("-started_at", "last_modified_at", "completed_at", "status")
    queryset = Process.objects.select_related("workflow", "created_by")
    write_scope = Scope.START
    action_scopes: ClassVar[dict[str, Scope]] = {"form": Scope.READ}

    def get_queryset(self) -> QuerySet[Process]:
        return seen_by(self.request.user)

    @extend_schema(operation_id="processes_list")
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=shapes.StartBody, responses={201: shapes.StartedSerializer}, parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def create(self, request: Request) -> Response:
        """Start a process. The answer comes when it is accepted and queued for good."""
        asked = read(shapes.StartBody, request.data)
        if not may(request.user, Action.SEE, asked["workflow_name"]):
            raise UnknownWorkflow(asked["workflow_name"])
        process_id = services.start_process(
            asked["workflow_name"], asked["user_inputs"], request.user, origin=Origin.API
        )
        return Response(self._started(process_id), status=201, headers={"Location": f"{request.path}{process_id}/"})

    @extend_schema(responses=shapes.ProcessDetailSerializer, parameters=[WAIT])
    def retrieve(self, request: Request, process_id: UUID) -> Response:
        """Show a process with the whole state after each step."""
        return self._shown(process_id)

    @extend_schema(request=shapes.NoteBody, responses=shapes.ProcessDetailSerializer)
    def partial_update(self, request: Request, process_id: UUID) -> Response:
        """Change the note."""
        self._seen(process_id)
        text = read(shapes.NoteBody, request.data)["note"]
        services.set_note(process_id, text, user=request.user, origin=Origin.API)
        return self._shown(process_id)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, process_id: UUID) -> Response:
        """Delete a process that has ended, with its steps and logs."""
        self._seen(process_id)
        services.delete_process(process_id, user=request.user)
        return Response(status=204)

    @extend_schema(request=shapes.PagesBody, responses=shapes.FormPageSerializer)
    def form(self, request: Request, process_id: UUID) -> Response:
        """Say what a suspended process asks next, after the pages that are answered already. Answers nothing."""
        waiting = services.pending_form(self._seen(process_id))
        if waiting is None:
            raise Problem(HTTPStatus.CONFLICT, _("This process does not wait for an answer."))
        pages = read(shapes.PagesBody, request.data)["user_inputs"]
        page = next_page(waiting.source, pages, state=dict(waiting.state), user=request.user)
        return Response(shapes.FormPageSerializer(described(page)).data)

    @extend_schema(request=shapes.PagesBody, responses=shapes.ProcessDetailSerializer)
    def resume(self, request: Request, process_id: UUID) -> Response:
        """Answer the form of a suspended process, which then goes on."""
        self._seen(process_id)
        pages = read(shapes.PagesBody, request.data)["user_inputs"]
        services.resume_process(process_id, pages, user=request.user, origin=Origin.API)
        return self._shown(process_id)

    @extend_schema(request=None, responses=shapes.ProcessDetailSerializer)
    def retry(self, request: Request, process_id: UUID) -> Response:
        """Run a failed or waiting process again from the step that did not succeed."""
        self._seen(process_id)
        services.retry_process(process_id, user=request.user, origin=Origin.API)
        return self._shown(process_id)

    @extend_schema(request=None, responses=shapes.ProcessDetailSerializer)
    def abort(self, request: Request, process_id: UUID) -> Response:
        """End a process for good: at once, or when its running step is over."""
        self._seen(process_id)
        services.abort_process(process_id, user=request.user, origin=Origin.API)
        return self._shown(process_id)

    @extend_schema(request=None, responses={201: shapes.StartedSerializer}, parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def start_again(self, request: Request, process_id: UUID) -> Response:
        """Start a new process of the same workflow with the same inputs."""
        self._seen(process_id)
        started = services.start_again(process_id, user=request.user, origin=Origin.API)
        return Response(self._started(started), status=201)

    @extend_schema(request=shapes.BulkProcessesBody, responses=shapes.BulkAnswerSerializer)
    def bulk(self, request: Request) -> Response:
        """Retry, resume, abort or delete many processes. Each is tried; the answer says what became of each."""
        asked = read(shapes.BulkProcessesBody, request.data)
        seen = set(self.get_queryset().filter(pk__in=asked["process_ids"]).values_list("pk", flat=True))
        results = {
            result.process_id: {"process_id": result.process_id, "ok": result.ok, "message": str(result.message)}
            for result in services.bulk(asked["action"], [i for i in asked["process_ids"] if i in seen],
                                        user=request.user, origin=Origin.API)
        }  # fmt: skip
        unseen = ({"process_id": i, "ok": False, "message": str(ProcessNotFound(i))} for i in asked["process_ids"])
        return Response({"results": [results.get(row["process_id"], row) for row in unseen]})

    def _seen(self, process_id: UUID) -> Process:
        process = self.get_queryset().filter(pk=process_id).first()
        if process is None:
            raise ProcessNotFound(process_id)
        return process

    def _shown(self, process_id: UUID) -> Response:
        process = self._seen(process_id)
        context = self.get_serializer_context()
        return Response(shapes.ProcessDetailSerializer(process, context=context).data)

    def _started(self, process_id: UUID) -> dict[str, Any]:
        row = Process.objects.values("process_id", "status", "started_at", workflow_name=F("workflow__name")).get(
            pk=process_id
        )
        return dict(shapes.StartedSerializer(row).data)


class LogViewSet(TaskErrorsMixin, ScopedMixin, GenericViewSet[StepLog]):
    """What the steps of one process logged."""

    serializer_class = shapes.LogSerializer
    ordering_fields = ("id",)
    queryset = StepLog.objects.all()

    def list(self, request: Request, process_id: UUID) -> Response:
        """List the lines, the oldest first."""
        process = seen_by(request.user).filter(pk=process_id).first()
        if process is None:
            raise ProcessNotFound(process_id)
        page = self.paginate_queryset(self.filter_queryset(StepLog.objects.filter(process=process_id)))
        context = {"only_looking": not may(request.user, Action.RETRY, process.workflow.name)}
        return self.get_paginated_response(shapes.LogSerializer(page, many=True, context=context).data)


class CallbackViewSet(TaskErrorsMixin, GenericViewSet[Process]):
    """Where an outside system answers a process that awaits its callback. The token in the address is the key."""

    authentication_classes = []
    permission_classes = []
    queryset = Process.objects.none()

    @extend_schema(request=OpenApiTypes.OBJECT, responses=shapes.ReceivedSerializer)
    def receive(self, request: Request, process_id: UUID, token: str) -> Response:
        """Deliver the result; the process goes on with it."""
        services.receive_callback(process_id, token, request.data)
        return Response({"process_id": process_id})

    @extend_schema(request=OpenApiTypes.OBJECT, responses=shapes.ReceivedSerializer)
    def progress(self, request: Request, process_id: UUID, token: str) -> Response:
        """Say how far the work has come; the process keeps waiting."""
        services.report_progress(process_id, token, request.data)
        return Response({"process_id": process_id})


def seen_by(user: Any) -> QuerySet[Process]:
    """Return the processes that the user may see."""
    return services.processes_seen_by(user).select_related("workflow", "created_by")
