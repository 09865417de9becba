"""The System page: what runs where, the queue, the engine's lock, versions, and what tasks lack."""

from __future__ import annotations

import platform
from datetime import timedelta
from importlib.metadata import version
from typing import Any

import django
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import is_admin
from orchestrator_admin import __version__
from orchestrator_admin.chrome import ALIVE_WITHIN
from orchestrator_admin.health import health
from orchestrator_admin.htmx import render_page
from schedules.models import SchedulerInstance
from tasks import checks, services
from tasks.exceptions import TaskError
from tasks.models import EngineSettings, WorkerInstance
from tasks.registry import import_errors
from tasks.views.finding import viewer

GONE_AFTER = timedelta(hours=24)
PACKAGES = ("apscheduler", "django-apscheduler", "procrastinate", "psycopg", "django-htmx")


@login_required
@require_GET
def system(request: HttpRequest) -> HttpResponse:
    """Show the parts of the running system; htmx gets what changes."""
    user = viewer(request)
    since = timezone.now() - GONE_AFTER
    context = {
        "schedulers": _alive(SchedulerInstance.objects.filter(heartbeat_at__gt=since)),
        "workers": _alive(WorkerInstance.objects.filter(heartbeat_at__gt=since)),
        "health": health(),
        "queues": _queues(),
        "engine": EngineSettings.objects.select_related("changed_by").filter(pk=1).first(),
        "may_lock": is_admin(user),
        "missing": checks.missing_parts() if user.is_staff else [],
        "import_errors": import_errors() if user.is_staff else [],
        "versions": _versions(),
    }
    return render_page(request, "system/system.html", "system/_system.html", context)


@login_required
@require_POST
def lock(request: HttpRequest) -> HttpResponse:
    """Lock or unlock the engine."""
    try:
        if request.POST.get("lock") == "on":
            services.lock_engine(request.POST.get("reason", "").strip(), user=viewer(request))
            messages.success(request, _("The engine is locked: running steps finish, then everything stops."))
        else:
            services.unlock_engine(user=viewer(request))
            messages.success(request, _("The engine is unlocked."))
    except TaskError as error:
        messages.error(request, str(error))
    return redirect("system")


def _alive(instances: Any) -> list[tuple[Any, bool]]:
    """Return each with whether it gave a sign of life lately, the living first."""
    now = timezone.now()
    rows = [(instance, now - instance.heartbeat_at < ALIVE_WITHIN) for instance in instances]
    return sorted(rows, key=lambda row: not row[1])


def _queues() -> list[tuple[str, int, int]]:
    """Return each queue with how many jobs wait in it and how many are being worked on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT queue_name, count(*) FILTER (WHERE status = 'todo'), count(*) FILTER (WHERE status = 'doing')"
            " FROM procrastinate_jobs WHERE status IN ('todo', 'doing') GROUP BY 1 ORDER BY 1"
        )
        return list(cursor.fetchall())


def _versions() -> list[tuple[str, str]]:
    server = str(connection.pg_version)  # type: ignore[attr-defined]
    found = [
        ("Orchestrator", __version__),
        ("Python", platform.python_version()),
        ("Django", django.get_version()),
    ]
    return [*found, ("PostgreSQL", f"{server[:-4]}.{int(server[-4:])}"), *((name, version(name)) for name in PACKAGES)]
