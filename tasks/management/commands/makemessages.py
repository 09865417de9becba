"""`manage.py makemessages`: collect what is to be translated. Needs no gettext on the machine."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import to_locale

from tasks.catalogues import CatalogueError, Home, extracted, homes, merge
from tasks.checks import app_of
from tasks.registry import registered
from tasks.sources import definitions


class Command(BaseCommand):
    help = (
        "Collects the texts of Python files and templates, and the names of workflows, into the .po files of each of "
        "ORCHESTRATOR_APPS, or, when there is none, of the project itself. Existing translations stay; a workflow "
        "without a name is given the description of its decorator. Translate what is new, then run compilemessages."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "-l", "--locale", action="append", default=[], metavar="LOCALE",
            help=f"locale to write, such as de or nl_BE; may be given again. Without it: {self._main_locale()} and "
            "every locale that has a catalogue already",
        )  # fmt: skip
        parser.add_argument("--project", action="store_true", help="write the project's own .po files, too")
        parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if something would change")

    def handle(self, *args: Any, locale: list[str], project: bool, check: bool, verbosity: int, **options: Any) -> None:
        stale = []
        for home in self._homes(project=project):
            names = _names(home)
            try:
                texts = extracted(home)
                for one in locale or sorted({self._main_locale(), *home.locales()}):
                    file = home.file(one)
                    # Descriptions are written in the main language: no names for those who read another one.
                    given = names if one == self._main_locale() else dict.fromkeys(names, "")
                    if merge(file, one, texts, given, write=not check):
                        stale.append(file)
                        if verbosity:
                            self.stdout.write(f"{'Out of date:' if check else 'Wrote'} {file}")
            except CatalogueError as error:
                raise CommandError(str(error)) from error
        if check and stale:
            raise CommandError("Some catalogues lack texts. Run manage.py makemessages.")

    def _homes(self, *, project: bool) -> list[Home]:
        own, *outside = homes()
        return [own, *outside] if project or not outside else outside

    def _main_locale(self) -> str:
        return to_locale(settings.LANGUAGE_CODE)


def _names(home: Home) -> dict[str, str]:
    """Return the workflows that `home` names, with the descriptions that their decorators give them."""
    written = definitions()
    found = {name: written.get(name) for name in sorted(registered()) if app_of(name, written.get(name)) in home.apps}
    return {name: definition.description if definition else "" for name, definition in found.items()}
