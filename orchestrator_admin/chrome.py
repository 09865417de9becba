"""What the frame of every page knows: theme, what is alive, the engine lock, how many runs failed lately.

Two statements a page, and none for whoever is not logged in or whose template does not ask.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.permissions import visible_workflows
from orchestrator_admin.viewer import theme_of
from tasks.models import FAILURES, Process

ALIVE_WITHIN = timedelta(seconds=15)
FAILURES_COUNTED = 99
# By hand, since it is asked for every page: making the querysets would take ten times as long as the answer.
FACTS = ("scheduler", "worker", "locked", "lock_reason")
FACTS_SQL = """
    SELECT (SELECT max(heartbeat_at) FROM schedules_schedulerinstance),
           (SELECT max(heartbeat_at) FROM tasks_workerinstance), engine.global_lock, engine.reason
    FROM (SELECT) AS one LEFT JOIN tasks_enginesettings AS engine ON engine.id = 1
"""


def chrome(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `chrome` in every template."""
    return {"chrome": chrome_of(request)}


def chrome_of(request: HttpRequest) -> Chrome:
    """Return what the frame of this request's page knows: one for view and templates, so that nothing is read twice."""
    found: Chrome | None = getattr(request, "_chrome", None)
    if found is None:
        found = request._chrome = Chrome(request)  # type: ignore[attr-defined]
    return found


class Chrome:
    """Everything is read when a template first asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @property
    def theme(self) -> str:
        return theme_of(self.request)

    @property
    def looked_at(self) -> datetime:
        """Failures up to this moment have been seen by the viewer."""
        return looked_at(self.request)

    @property
    def live_since(self) -> int:
        """Milliseconds since 1970: changes after this moment are not on the page."""
        return int(getattr(self.request, "begun_at", time.time()) * 1000)

    @cached_property
    def _facts(self) -> dict[str, Any]:
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            return {}
        with connection.cursor() as cursor:
            cursor.execute(FACTS_SQL)
            return dict(zip(FACTS, cursor.fetchone(), strict=True))

    @property
    def scheduler_alive(self) -> bool:
        return _alive(self._facts.get("scheduler"))

    @property
    def worker_alive(self) -> bool:
        return _alive(self._facts.get("worker"))

    @property
    def locked(self) -> bool:
        return bool(self._facts.get("locked"))

    @property
    def lock_reason(self) -> str:
        return self._facts.get("lock_reason") or ""

    @cached_property
    def failures(self) -> str:
        """How many runs failed since the viewer last looked, as far as it is worth counting."""
        if not self.request.user.is_authenticated:
            return ""
        count = failed_since(self.request).order_by("-last_modified_at")[: FAILURES_COUNTED + 1].count()
        return f"{FAILURES_COUNTED}+" if count > FAILURES_COUNTED else str(count or "")


def failed_since(request: HttpRequest) -> QuerySet[Process]:
    """Return the runs that failed after the viewer last looked, and are still failed, as far as they may see them."""
    failed = Process.objects.filter(status__in=FAILURES, last_modified_at__gt=looked_at(request))
    names = visible_workflows(request.user)
    return failed if names is None else failed.filter(workflow__name__in=names)


def looked_at(request: HttpRequest) -> datetime:
    """Return when the viewer last said that they have seen all failures; a day ago when they never did."""
    day_ago = timezone.now() - timedelta(days=1)
    try:
        return datetime.fromtimestamp(int(request.COOKIES["looked"]), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return day_ago


def _alive(heartbeat: datetime | None) -> bool:
    return heartbeat is not None and timezone.now() - heartbeat < ALIVE_WITHIN
