"""What tests of users' workflows need: run a process here and now, without queue and worker."""

from __future__ import annotations

from tasks.models import Process
from tasks.services import run_inline, start_process, unqueued
from tasks.services.writing import UserInputs


def run_task(name: str, user_inputs: UserInputs = None) -> Process:
    """Start a process of workflow `name` and run it until it ends or waits for somebody; return it as it is then.

    Raises what `start_process` raises, with nothing created.
    """
    with unqueued():
        return run_inline(start_process(name, user_inputs))
