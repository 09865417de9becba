"""Where starts come from, when they do not say so themselves: a schedule, a user, a command that runs them itself.

Kept per context, so that what one thread of the scheduler or one request starts does not concern another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from accounts.permissions import Person


@dataclass
class Unqueued:
    """Processes started without a job, each running already under a lease of its own: id → token."""

    tokens: dict[UUID, UUID] = field(default_factory=dict)
    added: Callable[[dict[UUID, UUID]], None] = lambda tokens: None

    @property
    def process_ids(self) -> list[UUID]:
        """What was started, in order."""
        return list(self.tokens)

    def add(self, tokens: dict[UUID, UUID]) -> None:
        """Take note of processes that were created, each with the token of its lease."""
        self.tokens.update(tokens)
        self.added(tokens)


@dataclass(frozen=True)
class Door:
    """Which door starts come through, where they do not say so themselves."""

    origin: str | None = None
    schedule_id: UUID | None = None
    occurrence_id: UUID | None = None
    user: Person | None = None
    unqueued: Unqueued | None = None


_FRONT_DOOR: Final = Door()
_door: ContextVar[Door | None] = ContextVar("door", default=None)


def this_door() -> Door:
    """Return the door that starts in this context come through."""
    return _door.get() or _FRONT_DOOR


@contextmanager
def starting_from(
    *,
    origin: str | None = None,
    schedule_id: UUID | None = None,
    occurrence_id: UUID | None = None,
    user: Person | None = None,
) -> Iterator[None]:
    """Ascribe what is started inside to a schedule, an occurrence, a user."""
    marker = _door.set(
        replace(this_door(), origin=origin, schedule_id=schedule_id, occurrence_id=occurrence_id, user=user)
    )
    try:
        yield
    finally:
        _door.reset(marker)


@contextmanager
def unqueued() -> Iterator[Unqueued]:
    """Collect what is started inside instead of queueing it, for `run_inline`. No worker can take these processes."""
    collected = Unqueued()
    marker = _door.set(replace(this_door(), unqueued=collected))
    try:
        yield collected
    finally:
        _door.reset(marker)
