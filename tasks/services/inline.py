"""Runs processes here and now, without queue and worker: for commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID, uuid4

from tasks import engine
from tasks.exceptions import IllegalTransition, ProcessNotFound
from tasks.keeper import Keeper
from tasks.models import Process
from tasks.services import doors
from tasks.services.doors import Unqueued

_keeper: ContextVar[Keeper | None] = ContextVar("keeper", default=None)


@contextmanager
def unqueued() -> Iterator[Unqueued]:
    """Collect what is started inside instead of queueing it, for `run_inline`.

    The processes run under leases that are kept as long as the block lasts, so that no worker takes them. If this
    program dies, the sweeper says so in each of them.
    """
    keeper = Keeper()
    marker = _keeper.set(keeper)
    keeper.start()
    try:
        with doors.unqueued() as collected:
            collected.added = keeper.hold
            yield collected
    finally:
        _keeper.reset(marker)
        keeper.end()


def run_inline(process_id: UUID) -> Process:
    """Run a process in this thread until it ends or stops, and return it.

    One that was started under `unqueued` runs under the lease that it has; any other queued one is taken from the
    queue. Raises IllegalTransition when it does not wait to be run, ProcessNotFound.
    """
    if _keeper.get() is None:
        with unqueued():
            return run_inline(process_id)
    keeper = _keeper.get()
    assert keeper is not None  # noqa: S101
    token = keeper.token_of(process_id) or uuid4()
    with keeper.keeping() as register:
        ran = engine.run_process(process_id, worker=keeper.owner, token=token, register=register)
    keeper.let_go(process_id)
    process = Process.objects.select_related("workflow").filter(pk=process_id).first()
    if process is None:
        raise ProcessNotFound(process_id)
    if ran is None:
        raise IllegalTransition("run", process.status)
    return process
