"""Pages are told of what workers do, after the commit."""

from __future__ import annotations

import pytest

from tasks import services
from tasks.models import Process, ProcessStatus
from tests.databases import connect
from tests.system import System, wait_until
from tests.tasks.engine.jobs import take, without_jobs  # noqa: F401  a fixture


def test_pages_are_told_of_what_a_worker_does_after_the_commit(system: System) -> None:
    with connect(system.database) as page:
        page.execute("LISTEN orchestrator_process")
        worker = system.worker()
        process_id = services.start_process("succeeding")
        wait_until(lambda: Process.objects.get(pk=process_id).status == ProcessStatus.COMPLETED)
        # When it was created, and by the worker.
        heard = [notice.payload for notice in page.notifies(timeout=60, stop_after=2)]
        assert worker.stop() == 0
    assert heard.count(str(process_id)) >= 2
    assert set(heard) == {str(process_id)}


@pytest.mark.parametrize(("by_itself", "told"), [(True, 0), (False, 1)])
def test_only_who_says_so_tells_by_itself(system: System, *, by_itself: bool, told: int) -> None:
    """Workers of the version before go on telling by the trigger while both run."""
    process_id = services.start_process("succeeding")
    taken = take(system)
    assert taken.claimed
    with connect(system.database) as page, connect(system.database) as worker:
        page.execute("LISTEN orchestrator_process")
        if by_itself:
            worker.execute("SET orchestrator.tells = 'by itself'")
        worker.execute("UPDATE tasks_process SET current_step = 'elsewhere' WHERE process_id = %s", (process_id,))
        assert len(list(page.notifies(timeout=0.5))) == told
        worker.execute("UPDATE tasks_process SET note = 'seen' WHERE process_id = %s", (process_id,))
        assert len(list(page.notifies(timeout=0.5))) == 1
