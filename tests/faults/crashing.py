"""A fresh interpreter whose forked children die at a statement of their choice: `python -m tests.faults.crashing`.

It reads lines such as `test_1 firing 3 before` or `test_1 call 0 after <occurrence>`, forks a child that does the work
on that database and kills itself before, or after, the statement with that number (the commit counts as one), and
answers with the child's exit code. It holds no connection and no event loop. The process of the tests does: while
Playwright's loop runs, Django keeps the connections of the main thread elsewhere, which a fork undoes (asyncio looks
at the process's number), so that a child of the tests would go on with a connection that may long be dead.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from typing import Any

import psycopg

from tests.system import ROOT, System

JOB = "crash-test"
CHILD = "child of the nursery"
LEFT_BEHIND = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"


class Nursery:
    """The interpreter, as the tests see it: started when it is first asked, ended with the block."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def ask(self, system: System, *words: object) -> int:
        """Let a child do it on the system's database; return the child's exit code, negative for a signal.

        Waits until the server has noticed its end: until then it holds what the child has locked.
        """
        if self._process is None:
            command, pipe = [sys.executable, "-m", "tests.faults.crashing"], subprocess.PIPE
            self._process = subprocess.Popen(command, cwd=ROOT, env=system.env, stdin=pipe, stdout=pipe, text=True)
        assert self._process.stdin
        assert self._process.stdout
        print(system.database, *words, file=self._process.stdin, flush=True)
        code = int(self._process.stdout.readline())
        system.wait_for(lambda: system.sql(LEFT_BEHIND, CHILD) == [(0,)])
        return code

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *error: object) -> None:
        if self._process is not None:
            with self._process as process:
                process.kill()


def start_one() -> None:
    """Start a process: the function of the schedule `crash-test`."""
    from tasks.services import start_process
    from tests.schedules.ledger import TASK

    start_process(TASK)


def declare() -> Any:
    """Declare the schedule in this process; return the declaration."""
    from schedules.decorators import scheduler

    scheduler.scheduled_job("interval", hours=1, id=JOB)(start_one)
    return scheduler.all()[JOB]


class DieAt:
    """Kills its own process before, or after, the statement with that number, whoever sends it."""

    def __init__(self, number: int, *, after: bool) -> None:
        self._left = number
        self._after = after

    def watch(self, owner: type, name: str) -> None:
        """Count the calls of a method of psycopg's as statements."""
        original = getattr(owner, name)

        def counted(*arguments: Any, **options: Any) -> Any:
            self._left -= 1
            if self._left < 0 and not self._after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = original(*arguments, **options)
            if self._left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        setattr(owner, name, counted)


def fire() -> None:
    """Fire what is due."""
    from schedules import firing

    firing.fire_due()


def call(occurrence_id: str) -> None:
    """Call the function for an occurrence that the test has claimed."""
    from schedules import calls
    from schedules.models import Occurrence

    occurrence = Occurrence.objects.select_related("schedule__owner").get(id=occurrence_id)
    assert occurrence.claim_token is not None
    assert calls.call(occurrence, declare(), occurrence.claim_token)


def answer(database: str, what: str, number: str, when: str, *arguments: str) -> None:
    """Do one piece of work, and die of it."""
    from django.db import connection

    connection.settings_dict["NAME"] = database
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('application_name', %s, false)", [CHILD])
    death = DieAt(int(number), after=when == "after")
    death.watch(psycopg.Cursor, "execute")
    death.watch(psycopg.Cursor, "executemany")
    death.watch(psycopg.Connection, "commit")
    work: dict[str, Callable[..., None]] = {"firing": fire, "call": call}
    work[what](*arguments)


def main() -> None:
    """Answer requests until the end of the input."""
    import django

    django.setup()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                answer(*line.split())
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
