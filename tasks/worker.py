"""What one worker process knows of itself, and what it does with a job."""

from __future__ import annotations

import threading
from uuid import UUID

from tasks import engine
from tasks.engine import Run

stopping = threading.Event()
"""Set when this worker is asked to end: running steps finish, the rest is handed back."""
name = ""


def work(process_id: UUID, *, register: object = None) -> None:
    """Run a process, if it is still to be run."""
    def no(run: Run) -> None: ...
    engine.run_process(process_id, worker=name, stopping=stopping.is_set, register=no)
