"""Records what people do to processes, with what stood there before it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from accounts.permissions import Person
from tasks import sql
from tasks.models import Act, Origin
from tasks.services.doors import this_door
from tasks.services.starting import SYSTEM


def name_of(user: Person | None) -> str:
    """Return under which name something is recorded."""
    return user.get_username() if user is not None else SYSTEM


def record(process_id: UUID, action: Act, user: Person | None, origin: str | None) -> None:
    """Record what is about to be done. To be called before the change and in its transaction, which undoes both.

    Locks the process, so that what stands in the record is what the change replaces.
    """
    sql.fetch(
        _INSERT,
        {
            "process_id": process_id,
            "action": action.value,
            "who": name_of(user),
            "origin": str(origin or this_door().origin or Origin.CODE),
            "noted": action is Act.NOTED,
        },
    )


_INSERT: Final = """
INSERT INTO tasks_processaction (process_id, at, action, who, origin, before, traceback)
SELECT process_id, now(), %(action)s::text, %(who)s::text, %(origin)s::text,
       CASE WHEN %(noted)s THEN note ELSE failed_reason END, CASE WHEN %(noted)s THEN '' ELSE traceback END
  FROM tasks_process WHERE process_id = %(process_id)s FOR NO KEY UPDATE"""
