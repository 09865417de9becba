"""`/api/status/`: the lock of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.api import InScope, IsAdmin, ScopedMixin
from accounts.api.serializers import ChangeSerializer, HistorySerializer
from accounts.audit import changes_of
from orchestrator_admin.rest.serializers import read
from tasks import services
from tasks.api.problems import TaskErrorsMixin
from tasks.api.serializers import EngineBody, EngineSerializer
from tasks.models import EngineSettings, Process
from tasks.statuses import ProcessStatus

if TYPE_CHECKING:
    from rest_framework.request import Request


class StatusView(TaskErrorsMixin, ScopedMixin):
    """While the engine is locked nothing starts: running steps finish, then everything rests until it is unlocked."""

    def get_permissions(self) -> list[Any]:
        return [InScope()] if self.request.method in {"GET", "HEAD", "OPTIONS"} else [IsAdmin()]

    @extend_schema(operation_id="status_retrieve", responses=EngineSerializer)
    def get(self, request: Request) -> Response:
        return Response(_status())

    @extend_schema(operation_id="status_update", request=EngineBody, responses=EngineSerializer)
    def put(self, request: Request) -> Response:
        """Lock or unlock the engine."""
        asked = read(EngineBody, request.data)
        if asked["global_lock"]:
            services.lock_engine(asked["reason"], user=request.user)
        else:
            services.unlock_engine(user=request.user)
        return Response(_status())


class StatusHistoryView(TaskErrorsMixin, ScopedMixin):
    """The trail of the lock."""

    @extend_schema(operation_id="status_history", responses=HistorySerializer)
    def get(self, request: Request) -> Response:
        """Tell who locked and unlocked the engine, when and why, the latest first."""
        trail = changes_of(services.engine_settings(), request.user)
        return Response({"results": ChangeSerializer(trail, many=True).data})


def _status() -> dict[str, Any]:
    engine = EngineSettings.objects.select_related("changed_by").first() or EngineSettings()
    running = Process.objects.filter(status=ProcessStatus.RUNNING).count()
    word = "running" if not engine.global_lock else "locking" if running else "locked"
    changed_by = engine.changed_by.username if engine.changed_by else None
    row = {"global_lock": engine.global_lock, "status": word, "running_processes": running, "reason": engine.reason,
           "changed_at": engine.changed_at, "changed_by": changed_by}  # fmt: skip
    return dict(EngineSerializer(row).data)
