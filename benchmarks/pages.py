"""The addresses whose server time is measured: every page and API list with something to find."""

from __future__ import annotations

from schedules.models import Schedule
from tasks.models import Process, Workflow


def addresses() -> list[str]:
    """Return every page with a list, a filter, a search or a detail."""
    process, failed = Process.objects.all()[50_000:50_001], Process.objects.filter(status="failed")[:1]
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


API = [
    "/api/processes/", "/api/processes/?status=failed", "/api/processes/?workflow_name=task_bench_7", "/api/tasks/",
    "/api/workflows/", "/api/schedules/", "/api/schedules/?workflow_name=task_bench_7", "/api/status/", "/health/",
]  # fmt: skip
