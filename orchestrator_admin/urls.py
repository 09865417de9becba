"""Which address belongs to which room."""

from django.contrib import admin
from django.urls import include, path

from orchestrator_admin import dashboard, design, live, search, system, viewer
from orchestrator_admin.health import health_page
from orchestrator_admin.metrics import metrics_page

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("seen/", dashboard.seen, name="seen"),
    path("", include("tasks.urls")),
    path("schedules/", include("schedules.urls")),
    path("system/", system.system, name="system"),
    path("system/lock/", system.lock, name="engine_lock"),
    path("system/design/", design.design, name="design"),
    path("search/", search.search, name="search"),
    path("theme/", viewer.set_theme, name="theme"),
    path("events/", live.events, name="events"),
    path("api/", include("orchestrator_admin.api")),
    path("health/", health_page, name="health"),
    path("metrics", metrics_page, name="metrics"),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "orchestrator_admin.errors.bad_request"
handler403 = "orchestrator_admin.errors.permission_denied"
handler404 = "orchestrator_admin.errors.not_found"
handler429 = "orchestrator_admin.errors.too_many_requests"  # of django-allauth
handler500 = "orchestrator_admin.errors.server_error"
