"""`/api/schedules/`: create, list, show, change, delete, pause, resume, run, preview."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.api import ScopedMixin, idempotent
from accounts.api.serializers import ChangeSerializer, HistorySerializer
from accounts.audit import changes_of
from accounts.models import Scope
from orchestrator_admin.rest.serializers import read
from schedules import services, triggers
from schedules.api import serializers as shapes
from schedules.api.filters import OccurrenceFilter, ScheduleFilter
from schedules.api.preconditions import etag, expected_version, unchanged
from schedules.api.problems import ScheduleErrorsMixin
from schedules.exceptions import ScheduleNotFound
from schedules.history import revert
from schedules.models import Occurrence, Schedule
from tasks.api.processes import IDEMPOTENCY_KEY, seen_by
from tasks.models import Origin

if TYPE_CHECKING:
    from rest_framework.request import Request

IF_MATCH = OpenApiParameter(
    "If-Match",
    location=OpenApiParameter.HEADER,
    description="The ETag that you saw. When the schedule was changed since, yours is refused with 412.",
)


class ScheduleViewSet(ScheduleErrorsMixin, ScopedMixin, GenericViewSet[Schedule]):
    """When tasks start."""

    serializer_class = shapes.ScheduleSerializer
    filterset_class = ScheduleFilter
    ordering_fields = ("name", "next_due_at", "created_at", "updated_at")
    queryset = Schedule.objects.all()
    write_scope = Scope.SCHEDULE
    action_scopes: ClassVar[dict[str, Scope]] = {"preview": Scope.READ, "outage": Scope.READ}

    def get_queryset(self) -> QuerySet[Schedule]:
        schedules: QuerySet[Schedule] = services.visible_schedules(self.request.user)
        return schedules.select_related("owner", "paused_by")

    @extend_schema(operation_id="schedules_list")
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        request=shapes.ScheduleBody, responses={201: shapes.ScheduleSerializer}, parameters=[IDEMPOTENCY_KEY]
    )
    @idempotent
    def create(self, request: Request) -> Response:
        """Create a schedule. It is in effect when the answer comes."""
        values = read(shapes.ScheduleBody, request.data)
        values.setdefault("user_inputs", [])
        schedule = services.create_schedule(user=request.user, **values)
        return self._shown(schedule.pk, status=201, Location=f"{request.path}{schedule.pk}/")

    def retrieve(self, request: Request, pk: UUID) -> Response:
        schedule = self._seen(pk)
        if unchanged(request, schedule):
            return Response(status=304, headers={"ETag": etag(schedule)})
        return self._shown(pk)

    @extend_schema(request=shapes.ScheduleBody, responses=shapes.ScheduleSerializer, parameters=[IF_MATCH])
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Change what is given and leave the rest. In effect when the answer comes."""
        schedule = self._seen(pk)
        version = expected_version(request, schedule)
        changes = read(shapes.ScheduleBody, request.data, partial=True)
        services.edit_schedule(pk, changes, user=request.user, expected_version=version)
        return self._shown(pk)

    @extend_schema(responses={204: None}, parameters=[IF_MATCH])
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Delete a schedule and its due times. What it started stays."""
        with transaction.atomic():
            expected_version(request, self._seen(pk, lock=True))
            services.delete_schedule(pk, user=request.user)
        return Response(status=204)

    @extend_schema(request=shapes.PauseBody, responses=shapes.ScheduleSerializer)
    def pause(self, request: Request, pk: UUID) -> Response:
        """Pause a schedule, for good or until a time."""
        self._seen(pk)
        services.pause_schedule(pk, user=request.user, **read(shapes.PauseBody, request.data or {}))
        return self._shown(pk)

    @extend_schema(request=None, responses=shapes.ScheduleSerializer)
    def resume(self, request: Request, pk: UUID) -> Response:
        """End the pause: it fires next at its next due time from now."""
        self._seen(pk)
        services.resume_schedule(pk, user=request.user)
        return self._shown(pk)

    @extend_schema(request=shapes.SkipBody, responses=shapes.ScheduleSerializer)
    def skip_next(self, request: Request, pk: UUID) -> Response:
        """Skip the next due time, or change your mind."""
        self._seen(pk)
        services.skip_next(pk, user=request.user, on=read(shapes.SkipBody, request.data or {})["skip"])
        return self._shown(pk)

    @extend_schema(request=None, responses=shapes.OccurrenceSerializer, parameters=[IDEMPOTENCY_KEY])
    @idempotent
    def run(self, request: Request, pk: UUID) -> Response:
        """Start it now, once. Its due times stay as they are."""
        self._seen(pk)
        occurrence = services.run_schedule_now(pk, user=request.user, origin=Origin.API)
        return Response(occurrences_shown([occurrence], request.user)[0])

    @extend_schema(request=None, responses=shapes.ScheduleSerializer)
    def take_ownership(self, request: Request, pk: UUID) -> Response:
        """Make yourself its owner: what it starts is authorised as you."""
        self._seen(pk)
        services.take_ownership(pk, user=request.user)
        return self._shown(pk)

    @extend_schema(request=None, responses=shapes.ScheduleSerializer)
    def restore(self, request: Request, pk: UUID) -> Response:
        """Give a schedule that is declared in code the trigger and the policies of its declaration back."""
        self._seen(pk)
        services.restore_declared_trigger(pk, user=request.user)
        return self._shown(pk)

    @extend_schema(operation_id="schedules_outage", responses=shapes.OutageSerializer)
    def outage(self, request: Request) -> Response:
        """Tell what was missed while no scheduler ran and nobody has decided about."""
        report = services.outage_report(request.user)
        return Response({"results": shapes.MissedSerializer(report, many=True).data})

    @extend_schema(
        operation_id="schedules_start_missed", request=shapes.StartMissedBody, responses=shapes.BulkSchedulesSerializer
    )
    def start_missed(self, request: Request) -> Response:
        """Start the latest, all or none of the missed due times of some schedules, and settle the rest."""
        asked = read(shapes.StartMissedBody, request.data)
        ids = list(dict.fromkeys(asked["schedule_ids"]))
        done = services.start_missed(ids, asked["start"], user=request.user, origin=Origin.API)
        rows = [{"schedule_id": each.schedule_id, "ok": each.ok, "message": str(each.message)} for each in done]
        return Response({"results": rows})

    @extend_schema(responses=HistorySerializer)
    def history(self, request: Request, pk: UUID) -> Response:
        """Tell who changed it, when, and what, the latest change first."""
        trail = changes_of(self._seen(pk), request.user)
        return Response({"results": ChangeSerializer(trail, many=True).data})

    @extend_schema(request=shapes.RevertBody, responses=shapes.ScheduleSerializer)
    def revert(self, request: Request, pk: UUID) -> Response:
        """Bring back what it was after one change of its history. A pause stays."""
        self._seen(pk)
        revert(pk, read(shapes.RevertBody, request.data)["event_id"], user=request.user)
        return self._shown(pk)

    @extend_schema(request=shapes.PreviewBody, responses=shapes.PreviewSerializer)
    def preview(self, request: Request) -> Response:
        """Say what a trigger means and when it would fire next. Creates nothing."""
        asked = read(shapes.PreviewBody, request.data)
        trigger = triggers.parse(asked["trigger"], asked["trigger_kwargs"], time_zone=asked.get("time_zone", "UTC"))
        return Response(preview_shown(trigger, asked["count"]))

    @extend_schema(request=shapes.BulkSchedulesBody, responses=shapes.BulkSchedulesSerializer)
    def bulk(self, request: Request) -> Response:
        """Pause or resume many schedules. Each is tried; the answer says what became of each."""
        asked = read(shapes.BulkSchedulesBody, request.data)
        ids = asked["schedule_ids"]
        seen = set(self.get_queryset().filter(pk__in=ids).values_list("pk", flat=True))
        wanted = [schedule_id for schedule_id in dict.fromkeys(ids) if schedule_id in seen]
        if asked["action"] == "pause":
            done = services.bulk_pause(wanted, user=request.user, reason=asked["reason"], until=asked["until"])
        else:
            done = services.bulk_resume(wanted, user=request.user)
        results = {result.schedule_id: (result.ok, str(result.message)) for result in done}
        answers = ((i, *results.get(i, (False, str(ScheduleNotFound(i))))) for i in dict.fromkeys(ids))
        return Response({"results": [{"schedule_id": i, "ok": ok, "message": text} for i, ok, text in answers]})

    def _seen(self, pk: UUID, *, lock: bool = False) -> Schedule:
        schedules = self.get_queryset()
        schedule = (schedules.select_for_update(of=("self",)) if lock else schedules).filter(pk=pk).first()
        if schedule is None:
            raise ScheduleNotFound(pk)
        return schedule

    def _shown(self, pk: UUID, *, status: int = 200, **headers: str) -> Response:
        schedule = self._seen(pk)
        return Response(self.get_serializer(schedule).data, status=status, headers={"ETag": etag(schedule), **headers})


class OccurrenceViewSet(ScheduleErrorsMixin, ScopedMixin, GenericViewSet[Occurrence]):
    """The due times of one schedule."""

    serializer_class = shapes.OccurrenceSerializer
    filterset_class = OccurrenceFilter
    ordering_fields = ("-scheduled_at",)
    queryset = Occurrence.objects.all()

    def list(self, request: Request, pk: UUID) -> Response:
        """List its due times so far, the latest first, each with what became of it and why."""
        if not services.visible_schedules(request.user).filter(pk=pk).exists():
            raise ScheduleNotFound(pk)
        page = self.paginate_queryset(self.filter_queryset(Occurrence.objects.filter(schedule=pk)))
        return self.get_paginated_response(occurrences_shown(page or [], request.user))


def occurrences_shown(occurrences: Any, user: Any) -> Any:
    """Return them with the processes that each started and `user` may see; one query for all."""
    processes: dict[Any, list[str]] = defaultdict(list)
    rows = seen_by(user).filter(occurrence_id__in=[row.pk for row in occurrences]).order_by("started_at")
    for occurrence_id, process_id in rows.values_list("occurrence_id", "process_id"):
        processes[occurrence_id].append(str(process_id))
    return shapes.OccurrenceSerializer(occurrences, many=True, context={"processes": processes}).data


def preview_shown(trigger: triggers.Trigger, count: int) -> dict[str, Any]:
    """Return what `PreviewSerializer` promises; times in the trigger's own zone."""
    preview = triggers.preview(trigger, count=count)
    zone = ZoneInfo(trigger.time_zone)
    return {
        "description": str(preview.description),
        "next_run_times": [due.at.astimezone(zone).isoformat() for due in preview.due_times],
        "flags": [due.flag for due in preview.due_times],
        "complete": preview.complete,
        "note": str(preview.note),
    }
