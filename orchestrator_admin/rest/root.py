"""`GET /api/`: where to begin. Programs get a list of addresses, browsers are led to the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

if TYPE_CHECKING:
    from rest_framework.request import Request

LISTED = {
    "tasks": "task-list", "workflows": "workflow-list", "processes": "process-list", "schedules": "schedule-list",
    "status": "status", "tokens": "token-list", "sessions": "session-list", "people": "person-list",
    "groups": "group-list", "grants": "grant-list", "schema": "schema", "docs": "docs",
}  # fmt: skip


class RootView(APIView):
    """Tells nothing that the documentation does not, so nobody need log in."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        # Whoever does not say what they like best, such as curl, is a program.
        if request.get_preferred_type(["application/json", "text/html"]) == "text/html":
            response: HttpResponse = HttpResponseRedirect(reverse("api:docs"))
        else:
            listed = {name: request.build_absolute_uri(reverse(f"api:{view}")) for name, view in LISTED.items()}
            response = Response(listed)
        patch_vary_headers(response, ["Accept"])
        return response
