"""`manage.py startorchestratorapp NAME`: write an application with a task that works, to begin with."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.templates import TemplateCommand

from orchestrator_admin import layout

TEMPLATE = Path(__file__).resolve().parent.parent.parent / "app_template"
NEXT = """Wrote {folder}: a task with a form, its migration, its name, a schedule and tests.

Now tell every process where it is, and let it show itself:

    export PYTHONPATH={home} ORCHESTRATOR_APPS={name}
    {manage} migrate
    {manage} checktasks
    {manage} test {name}
"""


class Command(TemplateCommand):
    help = (
        "Writes an application of your own into the folder NAME: a task with a form, its migration, its translation, "
        "a schedule and tests, all of which work. Change them into what you need."
    )
    rewrite_template_suffixes = ((".py-tpl", ".py"), (".po-tpl", ".po"))

    _folder_is_made = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="name of the application, such as netops")
        parser.add_argument("directory", nargs="?", help="folder to write to, which is made; without it: ./NAME")

    def handle(self, name: str, directory: str | None = None, **options: Any) -> None:  # type: ignore[override]
        options |= {"template": str(TEMPLATE), "extensions": ["py", "po"], "files": []}
        self.app_or_project, self.a_or_an = "app", "an"
        self.validate_name(name)
        folder = Path(directory or name).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        super().handle("app", name, str(folder), **options)
        manage = "orchestrator-admin" if layout.INSTALLED else "python manage.py"
        self.stdout.write(NEXT.format(folder=folder, home=folder.parent, name=name, manage=manage))

    def validate_name(self, name: str, name_or_dir: str = "name") -> None:
        """Refuse what cannot be imported, or would hide something that can. Asked again once the folder is there."""
        if not self._folder_is_made:
            super().validate_name(name, name_or_dir)
        self._folder_is_made = True
