"""`manage.py importtranslations APP FILE`: take names of workflows over from orchestrator-core's JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import to_locale

from tasks.catalogues import CatalogueError, extracted, homes, merge


class Command(BaseCommand):
    help = (
        "Reads the names of workflows from a file of orchestrator-core, such as translations/en-GB.json, into the "
        "catalogue of APP. Names that it has already stay. Then run compilemessages."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("app", metavar="APP", help="label of an application of ORCHESTRATOR_APPS, such as netops")
        parser.add_argument("file", metavar="FILE", type=Path, help="the JSON file; its name says the language")

    def handle(self, *args: Any, app: str, file: Path, verbosity: int, **options: Any) -> None:
        home = next((home for home in homes()[1:] if apps.get_app_config(app) in home.apps), None) if _is(app) else None
        if home is None:
            raise CommandError(f"There is no application {app!r} in ORCHESTRATOR_APPS.")
        names = _names(file)
        locale = to_locale(file.stem.lower())
        catalogue = home.file(locale)
        try:
            merge(catalogue, locale, extracted(home), names)
        except CatalogueError as error:
            raise CommandError(str(error)) from error
        if verbosity:
            self.stdout.write(f"{len(names)} names are in {catalogue}. Now run: manage.py compilemessages")


def _is(label: str) -> bool:
    return any(config.label == label for config in apps.get_app_configs())


def _names(file: Path) -> dict[str, str]:
    """Return the names by workflow. Raises CommandError for a file that is no such thing."""
    try:
        names = json.loads(file.read_text(encoding="utf-8"))["workflow"]
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f'{file} is not JSON with an object "workflow" in it.') from error
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise CommandError(f'"workflow" in {file} must hold a text for each name.')
    return names
