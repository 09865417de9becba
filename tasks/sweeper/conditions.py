"""What holds the sweeper back, and what does not: one process that makes trouble."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import structlog

from tasks import sql

logger = structlog.get_logger(__name__)

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


def each(rows: Iterable[Sequence[Any]], put_right: Callable[..., Any]) -> int:
    """Put right what the rows tell of, one by one, and return how many were. What fails with one is told and left."""
    done = 0
    for row in rows:
        try:
            done += bool(put_right(*row))
        except sql.CONNECTION_TROUBLE:
            raise
        except Exception:
            logger.exception("not_put_right", what=put_right.__name__.strip("_"), of=str(row[0]))
    return done
