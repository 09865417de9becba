"""`manage.py runscheduler`: start what falls due, until told to stop."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from schedules.scheduler import SchedulerProcess


class Command(BaseCommand):
    help = (
        "Watch the clock: start the tasks of schedules that fall due, and call the functions of schedules declared in "
        "code. Runs until SIGTERM or Ctrl-C. Any number of these may run beside each other; a due time is still "
        "started exactly once. Tasks are only queued here: it takes a runworker to run them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--threads", type=int, default=4, help="How many functions of code schedules run at a time (default: 4)."
        )

    def handle(self, *args: Any, threads: int, **options: Any) -> None:
        process = SchedulerProcess(threads=threads)
        process.stop_on_signals()
        process.run()
