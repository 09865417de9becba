"""`manage.py scheduler run | show-schedule [-v] | force ID`."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.audit import by_command
from orchestrator_admin import layout
from schedules.exceptions import ScheduleError
from schedules.forcing import force
from schedules.listing import show
from tasks.management.console import console


class Command(BaseCommand):
    help = (
        "Run the scheduler, list what is scheduled, or run one schedule right now in the foreground. Each has its own "
        "help: `manage.py scheduler force --help`."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="run | show-schedule | force")
        running = "Run the scheduler until Ctrl-C or SIGTERM. The same as `manage.py runscheduler`."
        actions.add_parser("run", help=running, description=running)
        listing = actions.add_parser(
            "show-schedule",
            help="List every schedule with its trigger and its next run.",
            description=(
                "List every schedule, those declared in code and those made on a page or by the API: its id, its name, "
                "what it starts, its trigger and its next run. Needs no running scheduler."
            ),
        )
        # Django has -v already, for how much it says: here it takes no number.
        listing.add_argument(
            "-v", "--detail", action="store_true", help="show policies, the last outcome and the id of the row, too"
        )
        forcing = actions.add_parser(
            "force",
            help="Run one schedule now, here, whatever its trigger says.",
            description=(
                "Run one schedule now, in the foreground, with its log output, and run what it starts to its end: for "
                "trying out. Its due times stay as they are. Needs no web, worker or running scheduler; a running "
                "worker does not take what is started here. Exit code 1 when there is no such schedule or something "
                "failed."
            ),
        )
        forcing.add_argument(
            "id", metavar="ID", help="id of the job or name of its function, as show-schedule lists it"
        )

    @by_command
    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "run":
            # One process, which `ps` shows as runscheduler and which has a scheduler's settings.
            os.environ.pop("ORCHESTRATOR_ROLE", None)
            os.execv(layout.MANAGE[0], [*layout.MANAGE, "runscheduler"])  # noqa: S606
        elif action == "show-schedule":
            show(console(self.stdout), detail=options["detail"])
        else:
            try:
                failures = force(options["id"])
            except ScheduleError as error:
                raise CommandError(str(error)) from None
            if failures:
                raise CommandError("\n".join(failures))
