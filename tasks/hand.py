"""What each thread of a worker does: take a job, run its process, finish the job, until there is none.

Guarantee: whatever the database says, the jobs behind one that makes trouble are done. Where it cannot be reached, it
is asked until it can. Where it refuses to take a process, by a trigger, a constraint or a value that does not fit, that
process alone is put aside: it fails and says why, or where even that is refused, is tried again later and later.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import takewhile
from typing import Final, TypeVar
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, reset_queries, transaction
from django.utils.translation import gettext as _

from tasks import engine, limits, queue, registry, sql, transitions
from tasks.keeper import Keeper
from tasks.queue_worker import PAUSE
from tasks.steps import Kind
from tasks.transitions import Leads, Taken

logger = structlog.get_logger(__name__)
T = TypeVar("T")

_TRIES: Final = 3
"""How often a database that breaks off answers when it is asked for the next process, before one is to blame."""


class Hand:
    """One for all threads of a worker. `name` is the worker's, `stopping` tells whether it is to end."""

    def __init__(
        self, name: str, queues: Sequence[str] | None, keeper: Keeper, *, stopping: Callable[[], bool]
    ) -> None:
        self.name, self.queues, self.keeper, self.stopping = name, list(queues) if queues else None, keeper, stopping
        self.leads = Leads(_leads())
        self.queue_worker: Callable[[], int | None] = lambda: None

    def drain(self, found: Callable[[], None], again: Callable[[], bool]) -> None:
        """Do a job, and others while `again()`, until there is none or the worker ends.

        One that held a lock may have kept another one waiting, which nobody announces.
        """
        while not self.stopping() and (queue_worker := self.queue_worker()) is not None:
            token = uuid.uuid4()
            taken = self._take(queue_worker, token)
            if taken is None:
                return
            found()
            found = _nothing
            self._do(taken, token)
            if not (taken.locked or again()):
                return

    def _take(self, queue_worker: int, token: UUID) -> Taken | None:
        """Take the next job and its process together; where that is refused, the job alone."""
        for _try in range(_TRIES):
            try:
                return transitions.take(self.queues, queue_worker, token, self.name, self.leads)
            except sql.CONNECTION_TROUBLE:
                # Whether something was taken nobody knows before the database is back.
                taken = self._persistently(partial(transitions.taken, token))
                if taken is not None:
                    return taken
            except DatabaseError as error:  # it refuses: a row behind the first one may be as good as ever
                logger.warning("process_not_taken", error=str(error).strip())
                break
        return transitions.take_job(self.queues, queue_worker)

    def _do(self, taken: Taken, token: UUID) -> None:
        """Run a process, if it is still to be run. Its end and its job's are one commit, where it ends here."""
        deleted = False
        try:
            if taken.process_id is None:
                task_name = self._persistently(lambda: queue.fail(taken.job_id))
                logger.error("job_is_not_ours", job_id=taken.job_id, task_name=task_name)
                return
            with self.keeper.keeping() as register:
                run = engine.run_process(
                    taken.process_id, worker=self.name, token=token, stopping=self.stopping, register=register,
                    job_id=taken.job_id, claimed=taken.claimed,
                )  # fmt: skip
            deleted = run is not None and run.job_deleted
        except Exception as error:
            logger.exception("process_not_run", process_id=str(taken.process_id))
            connection.close()
            if _refused(error) and taken.process_id is not None:
                process_id, reason = taken.process_id, str(error).partition("\n")[0].strip()
                deleted = self._persistently(lambda: _put_aside(taken.job_id, process_id, token, reason))
        if not deleted:
            self._persistently(lambda: sql.fetch("DELETE FROM procrastinate_jobs WHERE id = %s", (taken.job_id,)))
        if settings.DEBUG:
            reset_queries()

    def _persistently(self, ask: Callable[[], T]) -> T:
        """Ask the database until it answers. Raises what its absence raises when this worker ends meanwhile."""
        while True:
            try:
                return ask()
            except sql.CONNECTION_TROUBLE as error:
                connection.close()
                if self.stopping():
                    raise
                logger.warning("worker_without_database", error=str(error).strip())
                time.sleep(PAUSE)


def _refused(error: Exception) -> bool:
    """Tell whether the database answered, and said no."""
    return isinstance(error, DatabaseError) and not isinstance(error, sql.CONNECTION_TROUBLE)


def _put_aside(job_id: int, process_id: UUID, token: UUID, error: str) -> bool:
    """Fail a process that the database does not let us run; where that is refused, too, try it again later.

    Return whether its job is to stay. A process that was queued no more, or belongs to somebody else, is left alone.
    """
    reason = _("The database refuses to run this process: %(error)s") % {"error": error}
    try:
        with transaction.atomic():
            transitions.fail_refused(process_id, token, reason=reason)
    except sql.CONNECTION_TROUBLE:
        raise
    except DatabaseError:
        logger.exception("process_put_off", process_id=str(process_id))
        stays = queue.put_off(job_id)
    else:
        stays = False
    limits.wake_others(process_id)
    return stays


def _nothing() -> None:
    """Is called when a thread finds another job: the first has woken the next thread."""


def _leads() -> dict[str, tuple[list[str], str]]:
    """Return, by workflow, the steps without a function that come first, and the name of the one after them."""
    found = {}
    for name in registry.registered():
        with suppress(Exception):  # the worker has told when it loaded them
            steps = registry.get_workflow(name).steps
            first = list(takewhile(lambda step: step.kind is Kind.PASS and not step.wrappers, steps))
            if first and len(first) < len(steps):
                found[name] = ([step.name for step in first], steps[len(first)].name)
    return found
