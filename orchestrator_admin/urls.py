"""Which address belongs to which room."""

from django.contrib import admin
from django.urls import include, path

from orchestrator_admin.health import health_page
from orchestrator_admin.metrics import metrics_page

urlpatterns = [
    path("health/", health_page, name="health"),
    path("metrics", metrics_page, name="metrics"),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
