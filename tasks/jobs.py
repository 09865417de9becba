"""What a worker executes: the one kind of job in the queue. Procrastinate imports this module."""

from __future__ import annotations

import asyncio
from uuid import UUID

from procrastinate import JobContext
from procrastinate.contrib.django import app

from tasks.queue import DEFAULT_QUEUE, RUN_PROCESS
from tasks.worker import work


@app.task(name=RUN_PROCESS, queue=DEFAULT_QUEUE, pass_context=True)
async def run_process(context: JobContext, process_id: str) -> None:
    """Run a process in one of this worker's threads: `tasks.worker` says how."""
    await asyncio.get_running_loop().run_in_executor(None, work, UUID(process_id), context.job.id)
