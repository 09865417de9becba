"""Schedules declared in code, for tests that start schedulers: only those whose environment asks for them."""

from __future__ import annotations

import os
import time

from schedules.decorators import scheduler
from tasks.services import start_process

if os.environ.get("DECLARED_IN_TESTS"):

    @scheduler.scheduled_job("interval", seconds=3, id="slow-job", name="Slow job")
    def start_two_slowly() -> None:
        start_process("task_sync_from")
        time.sleep(2)
        start_process("task_sync_from")
