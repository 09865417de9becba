"""`manage.py starttask`: starts a task by hand."""

from __future__ import annotations

import difflib
import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.audit import account, by_command
from tasks.exceptions import TaskError, UnknownWorkflow
from tasks.models import Origin, Process, ProcessStatus
from tasks.registry import registered


class Command(BaseCommand):
    """Starts a process of a workflow."""

    help = (
        "Starts a task or another workflow, and prints the id of its process. A worker runs it; with --wait it runs "
        "here and now, needs no worker, and its log is shown. Exit code 1 when it is refused or does not succeed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "name", metavar="NAME", help="name of the workflow, such as task_sync_from; checktasks lists them"
        )
        parser.add_argument(
            "--input",
            default="[]",
            metavar="JSON",
            help='what its form asks for: a JSON object such as \'{"node": "ams-01"}\'; for a form of several pages a '
            "list of objects, one a page",
        )
        parser.add_argument("--wait", action="store_true", help="run it here, and return when it has ended or stopped")

    @by_command
    def handle(self, *args: Any, **options: Any) -> None:
        from tasks import services

        try:
            given = json.loads(options["input"])
        except ValueError as error:
            raise CommandError(f"--input is not JSON: {error}") from error
        if not isinstance(given, dict | list):
            raise CommandError("--input must be a JSON object, or a list of objects.")
        try:
            if not options["wait"]:
                self.stdout.write(str(_start(options["name"], given)))
                return
            with services.unqueued():
                process_id = _start(options["name"], given)
                self.stdout.write(str(process_id))
                process = services.run_inline(process_id)
        except UnknownWorkflow as error:
            raise CommandError(f"{error}{_meant(error.name)}") from error
        except TaskError as error:
            raise CommandError(str(error)) from error
        self._tell(process)

    def _tell(self, process: Process) -> None:
        status = ProcessStatus(process.status)
        self.stderr.write(str(status.label) + (f": {process.failed_reason}" if process.failed_reason else ""))
        if status != ProcessStatus.COMPLETED:
            raise CommandError(f"{process.workflow.name} did not complete.", returncode=1)


def _start(name: str, given: Any) -> UUID:
    """Start the process; its page says under which account of which machine that was."""
    from tasks import services

    with transaction.atomic():
        process_id = services.start_process(name, given, origin=Origin.COMMAND)
        Process.objects.filter(pk=process_id).update(started_as=account())
    return process_id


def _meant(name: str) -> str:
    """Ask for the names that look like an unknown one, "" where none does."""
    close = [] if name in registered() else difflib.get_close_matches(name, registered(), cutoff=0.7)
    return f" Did you mean {' or '.join(close)}?" if close else ""
