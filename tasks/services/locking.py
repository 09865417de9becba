"""Pauses and resumes the whole engine."""

from __future__ import annotations

import structlog
from django.utils import timezone

from accounts.permissions import Person, is_admin
from tasks import queue, sql
from tasks.exceptions import NotPermitted
from tasks.models import EngineSettings

logger = structlog.get_logger(__name__)


def engine_settings() -> EngineSettings:
    """Return what holds for the whole engine."""
    return EngineSettings.objects.select_related("changed_by").filter(pk=1).first() or EngineSettings(pk=1)


def lock_engine(reason: str = "", *, user: Person | None = None) -> EngineSettings:
    """Pause the engine: running steps finish, then nothing starts until it is unlocked. Raises NotPermitted."""
    return _changed(True, reason, user)


def unlock_engine(*, user: Person | None = None) -> EngineSettings:
    """Let everything go on, in the order in which it was started. Raises NotPermitted."""
    found = _changed(False, "", user)
    _queue_what_was_held()
    return found


def _changed(locked: bool, reason: str, user: Person | None) -> EngineSettings:
    if not is_admin(user):
        raise NotPermitted
    EngineSettings.objects.get_or_create(pk=1)  # the trail records changes of the row, not its first insert
    EngineSettings.objects.update_or_create(
        pk=1,
        defaults={
            "global_lock": locked,
            "reason": reason.replace("\x00", ""),
            "changed_at": timezone.now(),
            "changed_by_id": getattr(user, "pk", None),
        },
    )
    logger.info("engine_locked" if locked else "engine_unlocked", reason=reason)
    return engine_settings()


def _queue_what_was_held() -> None:
    """Give every queued process without a waiting job one."""
    rows = sql.fetch("SELECT process_id FROM tasks_process WHERE status IN ('created', 'resumed') ORDER BY started_at")
    queue.enqueue_again([process_id for (process_id,) in rows])
