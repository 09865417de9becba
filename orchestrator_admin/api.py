"""`/api/`: the addresses of all applications, the schema and its documentation."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

import accounts.schema  # noqa: F401  describes tokens to the schema
from orchestrator_admin.rest.problems import not_found
from orchestrator_admin.rest.root import RootView
from orchestrator_admin.waiting import waiting
from tasks.api.processes import ProcessViewSet
from tasks.api.urls import DETAIL

app_name = "api"
urlpatterns = [
    path("processes/<uuid:process_id>/", waiting(ProcessViewSet.as_view(DETAIL)), name="process-detail"),
    path("", include("accounts.api.urls")),
    path("", include("tasks.api.urls")),
    path("", include("schedules.api.urls")),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
    path("", RootView.as_view(), name="root"),
    re_path("", not_found, name="not-found"),
]
