"""Addresses below /api/ that this application answers."""

from typing import Any

from django.urls import path

from schedules.api.schedules import OccurrenceViewSet, ScheduleViewSet

DETAIL: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
ACTIONS = {"pause": "pause", "resume": "resume", "run": "run", "skip-next": "skip_next",
           "take-ownership": "take_ownership", "restore": "restore"}  # fmt: skip

urlpatterns = [
    path("schedules/", ScheduleViewSet.as_view({"get": "list", "post": "create"}), name="schedule-list"),
    path("schedules/preview/", ScheduleViewSet.as_view({"post": "preview"}), name="schedule-preview"),
    path("schedules/bulk/", ScheduleViewSet.as_view({"post": "bulk"}), name="schedule-bulk"),
    path(
        "schedules/outage/",
        ScheduleViewSet.as_view({"get": "outage", "post": "start_missed"}),
        name="schedule-outage",
    ),
    path("schedules/<uuid:pk>/", ScheduleViewSet.as_view(DETAIL), name="schedule-detail"),
    path("schedules/<uuid:pk>/occurrences/", OccurrenceViewSet.as_view({"get": "list"}), name="schedule-occurrences"),
    path("schedules/<uuid:pk>/history/", ScheduleViewSet.as_view({"get": "history"}), name="schedule-history"),
    path("schedules/<uuid:pk>/revert/", ScheduleViewSet.as_view({"post": "revert"}), name="schedule-revert"),
    *(
        path(f"schedules/<uuid:pk>/{name}/", ScheduleViewSet.as_view({"post": action}), name=f"schedule-{name}")
        for name, action in ACTIONS.items()
    ),
]
