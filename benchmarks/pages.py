"""Measures the server time of every page on the database at hand: 95th percentile of 40 visits, without the network.

manage.py shell -c "from benchmarks.pages import measure; measure()"
"""

from __future__ import annotations

import time
from statistics import quantiles

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from schedules.models import Schedule
from tasks.models import Process, Workflow

VISITS = 40
BOUND_MS = 50


def measure() -> bool:
    """Print a line for each page; return whether all stay within the bound."""
    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(User.objects.filter(is_superuser=True)[0], backend=settings.AUTHENTICATION_BACKENDS[0])
    quick = True
    for path in addresses():
        client.get(path)
        with CaptureQueriesContext(connection) as caught:
            response = client.get(path)
        times = []
        for _ in range(VISITS):
            begun = time.perf_counter()
            client.get(path)
            times.append((time.perf_counter() - begun) * 1000)
        slow = quantiles(times, n=20)[-1]
        quick &= slow <= BOUND_MS
        mark = " " if slow <= BOUND_MS else "!"
        size = len(response.content) / 1000
        print(f"{mark} {slow:7.1f} ms  {len(caught):3} queries  {size:7.1f} kB  {response.status_code}  {path}")
    return quick


def addresses() -> list[str]:
    """Return every page with a list, a filter, a search or a detail."""
    process, failed = Process.objects.all()[500_000:500_001], Process.objects.filter(status="failed")[:1]
    old = list(process) or list(Process.objects.all()[:1])
    task = Workflow.objects.filter(target="SYSTEM", processes__isnull=False)[:1]
    schedule = Schedule.objects.first()
    return [
        "/", "/tasks/", f"/tasks/{task[0].name}/", "/processes/", "/processes/?group=failed",
        "/processes/?group=active",
        "/processes/?group=completed", f"/processes/?workflow_name={task[0].name}&status=failed",
        "/processes/?text=core%20timed", "/processes/?text=13", "/processes/?created_by=ada",
        "/processes/?started_before=2026-06-01T00:00:00Z", f"/processes/{old[0].pk}/", f"/processes/{failed[0].pk}/",
        "/search/?q=bench", f"/search/?q={str(old[0].pk)[:8]}", f"/search/?q={str(old[0].pk)[-8:]}", "/workflows/",
        "/system/", "/schedules/", f"/schedules/{schedule.pk}/" if schedule else "/schedules/", "/schedules/week/",
        "/schedules/new/", "/schedules/outage/",
    ]  # fmt: skip
