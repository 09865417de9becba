"""`manage.py compilemessages`: compile what translators wrote. Needs no gettext on the machine."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tasks.catalogues import CatalogueError, compile_file, homes, is_stale


class Command(BaseCommand):
    help = (
        "Compiles the translations (.po) of the project and of each of ORCHESTRATOR_APPS into the form that the "
        "programs read (.mo). Only what changed since it was last compiled, unless --force is given."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("-f", "--force", action="store_true", help="compile everything, changed or not")

    def handle(self, *args: Any, force: bool, verbosity: int, **options: Any) -> None:
        files = [home.file(locale) for home in homes() for locale in home.locales()]
        failed = False
        for file in files:
            if not (force or is_stale(file)):
                continue
            try:
                compile_file(file)
            except CatalogueError as error:
                failed = True
                self.stderr.write(self.style.ERROR(str(error)))
            else:
                if verbosity:
                    self.stdout.write(f"Compiled {file}")
        if failed:
            raise CommandError("Some translations could not be compiled; the others were.")
