"""`manage.py runscheduler`: start what falls due, until told to stop."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand

from schedules.scheduler import SchedulerProcess


class Command(BaseCommand):
    help = (
        "Watch the clock: queue the tasks of schedules that fall due, and call the functions of schedules declared in "
        "code. Without one, nothing is started on time; what was missed meanwhile is recorded when one is back. Runs "
        "until Ctrl-C or SIGTERM. Any number may run beside each other, on any machine: a due time is still started "
        "exactly once. Tasks are only queued here: it takes a `manage.py runworker` to run them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--threads", type=_number, default=4, metavar="N",
            help="call N functions of schedules declared in code at the same time (default: 4)",
        )  # fmt: skip

    def handle(self, *args: Any, threads: int, **options: Any) -> None:
        process = SchedulerProcess(threads=threads)
        process.stop_on_signals()
        process.run()


def _number(text: str) -> int:
    """Read a number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)
