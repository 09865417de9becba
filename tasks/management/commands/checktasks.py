"""`manage.py checktasks`: does every task have its four parts?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.utils import ProgrammingError
from rich.markup import escape
from rich.table import Table

from tasks.checks import MissingPart, Part, missing_parts
from tasks.management.console import console
from tasks.models import Workflow
from tasks.registry import ImportFailure, import_errors, registered
from tasks.sources import definitions


class Command(BaseCommand):
    help = (
        "Lists every workflow and task with its four parts: the code (a function with @workflow), its registration (a "
        "line LazyWorkflowInstance(…)), its migration (which adds its row to the database) and its translation (its "
        "name for people). Where one is missing it says which line or command adds it, and exits with 1. Only tasks "
        "that have all four are shown on the page Tasks."
    )

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        try:
            missing = missing_parts()
            names = sorted({*registered(), *definitions(), *Workflow.objects.values_list("name", flat=True)})
        except ProgrammingError as error:
            raise CommandError("The database has no tables yet. Run: manage.py migrate") from error
        broken = [failure for failure in import_errors() if not (failure.workflow_name and _told(failure, missing))]
        if verbosity:
            self._table(names, missing)
        for failure in broken:
            self._failure(failure)
        for part in missing:
            self._remedy(part)
        if missing or broken:
            raise CommandError(_summary(missing, broken))
        if verbosity:
            self.stdout.write(self.style.SUCCESS(f"All {len(names)} workflows have their four parts."))

    def _table(self, names: list[str], missing: list[MissingPart]) -> None:
        lacking = {(part.workflow_name, part.part) for part in missing}
        replacing = {name for name, instance in registered().items() if instance.replaces}
        table = Table("Workflow", *(part.value.capitalize() for part in Part))
        for name in names:
            later = (name, Part.CODE) in lacking  # without code nothing is known of the other parts
            marks = ("[red]✗ missing[/]" if (name, part) in lacking else "·" if later else "[green]✓ there[/]"
                     for part in Part)  # fmt: skip
            replaces = "\n[yellow]replaces the shipped one[/]" if name in replacing else ""
            table.add_row(escape(name) + replaces, *marks)
        console(self.stdout).print(table)

    def _remedy(self, part: MissingPart) -> None:
        out = console(self.stdout)
        out.print(f"\n[bold]{escape(part.workflow_name)}[/] lacks its [bold]{part.part}[/]. {escape(part.problem)}",
                  soft_wrap=True)  # fmt: skip
        if part.lead:
            out.print(escape(part.lead), soft_wrap=True)
        for line in part.remedy.splitlines():
            out.print(f"    {escape(line)}", soft_wrap=True)

    def _failure(self, failure: ImportFailure) -> None:
        text = f"\n[bold]{escape(failure.module)}[/] cannot be used ({escape(failure.file)}): {escape(failure.message)}"
        console(self.stdout).print(text, soft_wrap=True)


def _told(failure: ImportFailure, missing: list[MissingPart]) -> bool:
    """Tell whether `failure` is among the missing parts already, as the code that does not import."""
    return any(part.workflow_name == failure.workflow_name and part.problem == failure.message for part in missing)


def _summary(missing: list[MissingPart], broken: list[ImportFailure]) -> str:
    lacking = len({part.workflow_name for part in missing})
    sentences = [f"{lacking} of the workflows lack a part." if lacking > 1 else "1 workflow lacks a part."] * bool(
        lacking
    )
    sentences += [f"{len(broken)} modules or names cannot be used."] * bool(broken)
    return " ".join(sentences)
