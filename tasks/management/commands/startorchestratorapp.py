"""`manage.py startorchestratorapp NAME`: write an application with a task that works, to begin with."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.templates import TemplateCommand

from orchestrator_admin import layout

TEMPLATE = Path(__file__).resolve().parent.parent.parent / "app_template"
PYPROJECT = """# Makes a package of {name}, to be installed where the system runs: pip wheel --no-deps .

[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "0.1.0"
requires-python = ">=3.11"

[tool.setuptools.packages.find]
include = ["{name}", "{name}.*"]

[tool.setuptools.package-data]
"*" = ["locale/*/LC_MESSAGES/*"]
"""
NEXT = """Wrote {folder}: a task with a form, its migration, its name, a schedule and tests.
{packaging}

Now tell every process where it is, and let it show itself:

    export PYTHONPATH={home} ORCHESTRATOR_APPS={name}
    {manage} migrate
    {manage} checktasks
    {manage} test {name}
"""


class Command(TemplateCommand):
    help = (
        "Writes an application of your own into the folder NAME: a task with a form, its migration, its translation, "
        "a schedule and tests, all of which work. Change them into what you need. Beside the folder it writes a "
        "pyproject.toml, which makes a package of it, unless there is one."
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
        packaging = _make_packageable(folder.parent / "pyproject.toml", name)
        self.stdout.write(NEXT.format(folder=folder, home=folder.parent, name=name, manage=manage, packaging=packaging))

    def validate_name(self, name: str, name_or_dir: str = "name") -> None:
        """Refuse what cannot be imported, or would hide something that can. Asked again once the folder is there."""
        if not self._folder_is_made:
            super().validate_name(name, name_or_dir)
        self._folder_is_made = True


def _make_packageable(file: Path, name: str) -> str:
    """Write the `pyproject.toml` where there is none, and return a sentence about it."""
    if file.exists():
        return f"{file} was there and was left alone: add {name} and its locale/ to its packages."
    file.write_text(PYPROJECT.format(name=name))
    return f"Wrote {file}, to make a package of it."
