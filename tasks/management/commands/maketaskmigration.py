"""`manage.py maketaskmigration APP`: write the migration that makes an application's workflows known."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

from django.apps import AppConfig, apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.utils import ProgrammingError

from tasks.checks import app_of, unapplied_workflows
from tasks.exceptions import WorkflowImportError
from tasks.models import Workflow
from tasks.registry import get_workflow, registered
from tasks.sources import definitions

TEMPLATE = '''"""{title}"""

from django.db import migrations

from orchestrator.migrations.operations import {imports}


class Migration(migrations.Migration):
    dependencies = [{dependencies}]

    operations = [
{operations}
    ]
'''
LONGEST_NAME = 50


class Command(BaseCommand):
    help = (
        "Writes a migration for the workflows that APP registers in code and that the database does not know yet. It "
        "looks into the database for that; the file goes into APP's folder migrations. Then run `manage.py migrate`."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("app", metavar="APP", help="label of an application of ORCHESTRATOR_APPS, such as netops")
        parser.add_argument("--name", help="name of the migration, without its number")
        parser.add_argument("--dry-run", action="store_true", help="print the migration instead of writing it")

    def handle(self, *args: Any, app: str, name: str | None, dry_run: bool, **options: Any) -> None:
        config = _application(app)
        try:
            names = _unknown(config)
        except ProgrammingError as error:
            raise CommandError("The database has no tables yet. Run: manage.py migrate") from error
        if not names:
            self.stdout.write(f"The database, or a migration, knows every workflow that {config.label} registers.")
            return
        number, dependencies = _place(config)
        file = Path(config.path) / "migrations" / f"{number:04d}_{name or _title('create', names)}.py"
        content = _migration(names, dependencies)
        if dry_run:
            self.stdout.write(f"# {file}\n{content}")
            return
        _write(file, content)
        self.stdout.write(f"Wrote {file}\nNow run: manage.py migrate {config.label}")


def _application(label: str) -> AppConfig:
    try:
        return apps.get_app_config(label)
    except LookupError as error:
        known = ", ".join(sorted({app_of(name).label for name in registered()}))
        raise CommandError(
            f"There is no application {label!r}. Add it to ORCHESTRATOR_APPS. Applications with workflows: {known}."
        ) from error


def _unknown(config: AppConfig) -> list[str]:
    """Return the workflows of `config` that neither the database nor a migration on disk knows."""
    definition = definitions()
    known = {*Workflow.objects.values_list("name", flat=True), *unapplied_workflows()}
    return [name for name in registered() if name not in known and app_of(name, definition.get(name)) == config]


def _place(config: AppConfig) -> tuple[int, list[tuple[str, str]]]:
    """Return the number of the application's next migration, and what it depends on."""
    leaves = MigrationLoader(connection).graph.leaf_nodes(config.label)
    if len(leaves) > 1:
        raise CommandError(
            f"{config.label} has several last migrations. Merge them first: manage.py makemigrations --merge"
        )
    numbers = (re.match(r"\d+", name) for _label, name in leaves)
    number = max((int(match[0]) for match in numbers if match), default=0) + 1
    ours = [("tasks", "0001_initial")] if config.label != "tasks" else []
    return number, [*leaves, *ours]


def _migration(names: list[str], dependencies: list[tuple[str, str]]) -> str:
    operations = [_operation(name) for name in names]
    return TEMPLATE.format(
        title=f"The rows of {', '.join(names)}.",
        imports=", ".join(sorted({operation.partition("(")[0] for operation in operations})),
        dependencies=", ".join(f'("{label}", "{name}")' for label, name in dependencies),
        operations="\n".join(f"        {operation}," for operation in operations),
    )


def _operation(name: str) -> str:
    try:
        workflow = get_workflow(name)
    except WorkflowImportError as error:
        raise CommandError(str(error)) from error
    description = workflow.description or name.replace("_", " ").capitalize()
    target = str(getattr(workflow.target, "value", workflow.target))
    if target == "SYSTEM":
        return f"CreateTask(name={_quoted(name)}, description={_quoted(description)})"
    return f"CreateWorkflow(name={_quoted(name)}, target={_quoted(target)}, description={_quoted(description)})"


def _quoted(text: str) -> str:
    """Return `text` as a Python string, in double quotes where it can be."""
    plain = repr(text)
    return f'"{plain[1:-1]}"' if plain.startswith("'") and '"' not in plain else plain


def _title(verb: str, names: list[str]) -> str:
    title = f"{verb}_{'_'.join(names)}"
    return title if len(title) <= LONGEST_NAME else f"{verb}_{names[0][: LONGEST_NAME - 20]}_and_{len(names) - 1}_more"


def _write(file: Path, content: str) -> None:
    try:
        file.parent.mkdir(exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(content, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"The migration could not be written: {error}") from error
    importlib.invalidate_caches()
