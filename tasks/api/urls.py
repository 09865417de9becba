"""Addresses below /api/ that this application answers."""

from typing import Any

from django.urls import path

from tasks.api.processes import CallbackViewSet, LogViewSet, ProcessViewSet
from tasks.api.status import StatusHistoryView, StatusView
from tasks.api.workflows import TaskViewSet, WorkflowViewSet

READ: dict[str, Any] = {"get": "retrieve"}
DETAIL: dict[str, Any] = {**READ, "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("tasks/", TaskViewSet.as_view({"get": "list"}), name="task-list"),
    path("tasks/<str:name>/", TaskViewSet.as_view(READ), name="task-detail"),
    path("tasks/<str:name>/form/", TaskViewSet.as_view({"post": "form"}), name="task-form"),
    path("workflows/", WorkflowViewSet.as_view({"get": "list"}), name="workflow-list"),
    path("workflows/<str:name>/", WorkflowViewSet.as_view(READ), name="workflow-detail"),
    path("workflows/<str:name>/form/", WorkflowViewSet.as_view({"post": "form"}), name="workflow-form"),
    path("processes/", ProcessViewSet.as_view({"get": "list", "post": "create"}), name="process-list"),
    path("processes/bulk/", ProcessViewSet.as_view({"post": "bulk"}), name="process-bulk"),
    path("processes/<uuid:process_id>/logs/", LogViewSet.as_view({"get": "list"}), name="process-logs"),
    *(
        path(f"processes/<uuid:process_id>/{name}/", ProcessViewSet.as_view({"post": name}), name=f"process-{name}")
        for name in ("form", "resume", "retry", "abort")
    ),
    path(
        "processes/<uuid:process_id>/start-again/",
        ProcessViewSet.as_view({"post": "start_again"}),
        name="process-start-again",
    ),
    path(
        "processes/<uuid:process_id>/callback/<str:token>/",
        CallbackViewSet.as_view({"post": "receive"}),
        name="process-callback",
    ),
    path(
        "processes/<uuid:process_id>/callback/<str:token>/progress/",
        CallbackViewSet.as_view({"post": "progress"}),
        name="process-callback-progress",
    ),
    path("status/", StatusView.as_view(), name="status"),
    path("status/history/", StatusHistoryView.as_view(), name="status-history"),
]
