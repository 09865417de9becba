"""`manage.py startorchestratorapp NAME`: write an application with a task that works, to begin with."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.templates import TemplateCommand

TEMPLATE = Path(__file__).resolve().parent.parent.parent / "app_template"
NEXT = """Wrote {folder}: a task with a form, its migration, its name, a schedule and tests.

Now, where {name} can be imported from (this folder, or one in PYTHONPATH):

    export ORCHESTRATOR_APPS={name}
    python manage.py migrate
    python manage.py checktasks
    python manage.py test {name}
"""


class Command(TemplateCommand):
    help = (
        "Writes an application of your own into the folder NAME: a task with a form, its migration, its translation, "
        "a schedule and tests, all of which work. Change them into what you need."
    )
    rewrite_template_suffixes = ((".py-tpl", ".py"), (".po-tpl", ".po"))

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="name of the application, such as netops")
        parser.add_argument("directory", nargs="?", help="folder to write to, which must exist; without it: ./NAME")

    def handle(self, name: str, directory: str | None = None, **options: Any) -> None:  # type: ignore[override]
        options |= {"template": str(TEMPLATE), "extensions": ["py", "po"], "files": []}
        super().handle("app", name, directory, **options)
        self.stdout.write(NEXT.format(name=name, folder=directory or name))
