"""What holds the sweeper back."""

from __future__ import annotations

from typing import Final

from tasks import sql

AT_ONCE: Final = 500
_GRACE_IS_OVER: Final = "SELECT pg_postmaster_start_time() < now() - interval '20 seconds'"


def grace_is_over() -> bool:
    """After a restart of the database workers that live get some time to come back before they count as lost."""
    row = sql.one(_GRACE_IS_OVER)
    return bool(row and row[0])


def locked() -> bool:
    """Tell whether the engine is locked."""
    row = sql.one("SELECT EXISTS (SELECT FROM tasks_enginesettings WHERE global_lock)")
    return bool(row and row[0])
