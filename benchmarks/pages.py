"""The addresses whose server time is measured: every page and API list with something to find."""

from __future__ import annotations

from urllib.parse import urlencode

from benchmarks.catalogue import NAMES
from schedules.models import Occurrence, Schedule
from tasks.models import FAILURES, Process, ProcessStatus

TASK = next(name for name in NAMES if name.endswith("_amsterdam"))
WORDS = {
    "common": "connection timed out", "half of a word": "cert", "rare": "NET-107", "in no text": "elephant",
    "a task": "validate nodes amsterdam", "of all tasks of a site": "amsterdam", "of all schedules": "devices rack",
}  # fmt: skip


def addresses() -> list[str]:
    """Return every page with a list, a filter, a search or a detail, of things that everybody in `people` sees."""
    runs = Process.objects.filter(workflow__name=TASK).order_by("-started_at")
    old = runs.filter(status=ProcessStatus.COMPLETED)[5_000:5_001].first() or runs.last()
    failed = runs.filter(status__in=FAILURES).first()
    schedule = Schedule.objects.filter(workflow_id=TASK, enabled=True).first()
    if old is None or failed is None or schedule is None:
        raise LookupError("fill the database first")
    active = {p.status: p for p in runs.filter(status__in=["running", "waiting", "created"])}
    details = [old, failed, *active.values()]
    return [*_lists(old, schedule), *(f"/processes/{process.pk}/" for process in details), *_schedules(schedule)]


def _lists(old: Process, schedule: Schedule) -> list[str]:
    deep = "/processes/?" + urlencode({"started_before": old.started_at.isoformat()})
    texts = [f"/processes/?{urlencode({'text': text})}" for text in WORDS.values()]
    finds = [f"/search/?{urlencode({'q': text})}" for text in WORDS.values()]
    return [
        "/", "/tasks/", "/tasks/?q=check", "/tasks/?show=failed", f"/tasks/{TASK}/",
        "/processes/", deep, "/processes/?group=active", "/processes/?group=failed", "/processes/?group=completed",
        f"/processes/?workflow_name={TASK}&status=failed", "/processes/?origin=page&status=aborted",
        "/processes/?created_by=bench-operator", f"/processes/?schedule_id={schedule.pk}", *texts,
        "/processes/?group=failed&text=refused&created_by=bench-operator",
        *finds, f"/search/?q={str(old.pk)[:13]}", f"/search/?q={str(old.pk)[-8:]}",
        "/workflows/", "/products/", "/subscriptions/", "/system/", "/accounts/people/", "/accounts/grants/",
    ]  # fmt: skip


def _schedules(schedule: Schedule) -> list[str]:
    newest = Occurrence.objects.filter(schedule=schedule).order_by("-scheduled_at").values_list("pk", flat=True)[:1]
    return [
        "/schedules/", "/schedules/?sort=next", "/schedules/?sort=newest", "/schedules/?q=rack", "/schedules/?q=9876",
        "/schedules/?state=paused", "/schedules/?tag=core", f"/schedules/?workflow_name={TASK}",
        f"/schedules/{schedule.pk}/", f"/schedules/{schedule.pk}/?outcome=skipped", f"/schedules/{schedule.pk}/edit/",
        f"/processes/?occurrence_id={newest[0]}", "/schedules/week/", "/schedules/new/", "/schedules/outage/",
    ]  # fmt: skip


API = [
    "/api/processes/", "/api/processes/?status=failed", f"/api/processes/?workflow_name={TASK}", "/api/tasks/",
    "/api/workflows/", "/api/schedules/", f"/api/schedules/?workflow_name={TASK}", "/api/status/", "/health/",
    "/metrics",
]  # fmt: skip
