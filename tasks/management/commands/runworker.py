"""`manage.py runworker`: runs the steps of processes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    """Runs the steps of processes until it is stopped."""

    help = (
        "Takes processes from the queue and runs their steps. Without one, everything that is started waits. Start as "
        "many as you like, on as many machines as you like: a process is run by one of them. Ctrl-C or SIGTERM lets "
        "running steps finish and hands the rest to other workers."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--concurrency", type=int, default=8, metavar="N", help="run N processes at the same time (default: 8)"
        )
        parser.add_argument(
            "--queue",
            action="append",
            metavar="NAME",
            help="take processes of this queue only; may be given several times (default: all queues)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from tasks import worker

        if options["concurrency"] < 1:
            raise CommandError("--concurrency must be at least 1.")
        worker.serve(concurrency=options["concurrency"], queues=options["queue"])
