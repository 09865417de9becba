"""Which of its four parts a workflow lacks (code, registration, migration, translation), and what adds each."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

from django.apps import AppConfig, apps
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils.translation import gettext as _
from django.utils.translation import to_locale

from tasks.catalogues import has_entry
from tasks.exceptions import WorkflowImportError
from tasks.labels import CONTEXT, Labels
from tasks.models import Workflow
from tasks.operations import CreateWorkflow
from tasks.registry import LazyWorkflowInstance, registered
from tasks.sources import Definition, definitions, registering_module, registration_line


class Part(enum.StrEnum):
    """What a workflow consists of, in the order in which one writes it."""

    CODE = "code"
    REGISTRATION = "registration"
    MIGRATION = "migration"
    TRANSLATION = "translation"


@dataclass(frozen=True)
class MissingPart:
    """A part that a workflow lacks.

    `problem` is a sentence. `remedy` is exactly what to add to `file`, or what is `there` already and only to be
    completed; where `file` is empty, it is what to type. `lead` says which.
    """

    workflow_name: str
    part: Part
    problem: str
    remedy: str
    file: str = ""
    there: bool = False

    @property
    def lead(self) -> str:
        """What to do with the remedy, to be said above it; nothing where code is to be written."""
        if self.there:
            return _("Fill in the empty msgstr in %(file)s:") % {"file": self.file}
        if self.file:
            return _("Add to %(file)s:") % {"file": self.file}
        return "" if self.part is Part.CODE else _("Run:")


def listed_names() -> set[str]:
    """Return the workflows that have all four parts: those that the pages list. One query."""
    rows, labels = set(Workflow.objects.values_list("name", flat=True)), Labels()
    return {
        name
        for name, instance in registered().items()
        if name in rows and labels.has(name) and not _import_problem(instance)
    }


def missing_parts() -> list[MissingPart]:
    """Return what is missing, by workflow and then in the order of the parts; of one without usable code only that."""
    rows = dict(Workflow.objects.values_list("name", "description"))
    written, names = definitions(), registered()
    waiting = None if rows.keys() >= names.keys() else unapplied_workflows()
    missing: list[MissingPart] = []
    labels = Labels()
    for name in sorted({*rows, *written, *names}):
        if without_code := _code(name, written.get(name), names.get(name)):
            missing += without_code  # what else it lacks is known only once its code is there
            continue
        missing += _registration(name, written[name]) if name not in names else []
        missing += _migration(name, written.get(name), waiting or {}) if name not in rows else []
        missing += _translation(name, written.get(name), rows.get(name, "")) if not labels.has(name) else []
    return missing


def _code(name: str, definition: Definition | None, instance: LazyWorkflowInstance | None) -> list[MissingPart]:
    broken = _import_problem(instance)
    if broken:
        return [MissingPart(name, Part.CODE, str(broken), _("Correct %(file)s.") % {"file": broken.file})]
    if definition is not None or instance is not None:
        return []
    apps_here = ",".join(settings.ORCHESTRATOR_APPS)
    sentence = _("It is in the database, but this process knows no application with it. Is ORCHESTRATOR_APPS set here? "
                 "It is: %(apps)s. Add the application and restart. Only where its code is gone for good: remove the "
                 'row with DeleteWorkflow("%(name)s") in a migration.')  # fmt: skip
    problem = sentence % {"name": name, "apps": apps_here or _("(empty)")}
    remedy = f"export ORCHESTRATOR_APPS={apps_here},…" if apps_here else "export ORCHESTRATOR_APPS=…"
    return [MissingPart(name, Part.CODE, problem, remedy)]


def _registration(name: str, definition: Definition) -> list[MissingPart]:
    file, _anchor = registering_module(definition.app)
    line = registration_line(definition)
    if not file.exists() or "import LazyWorkflowInstance" not in file.read_text(errors="replace"):
        line = f"from orchestrator.workflows import LazyWorkflowInstance\n\n{line}"
    place = {"file": definition.file, "line": definition.line}
    problem = _("The function in %(file)s, line %(line)s, is not registered.") % place
    return [MissingPart(name, Part.REGISTRATION, problem, line, str(file))]


def _migration(name: str, definition: Definition | None, waiting: dict[str, str]) -> list[MissingPart]:
    if name in waiting:
        command = f"manage.py migrate {waiting[name]}"
        return [MissingPart(name, Part.MIGRATION, _("Its migration is written, but was not applied."), command)]
    app = app_of(name, definition).label
    problem = _("The database does not know it.")
    if name not in registered():
        problem = _("The database does not know it. Register it first.")
    commands = f"manage.py maketaskmigration {app}\nmanage.py migrate {app}"
    return [MissingPart(name, Part.MIGRATION, problem, commands)]


def _translation(name: str, definition: Definition | None, description: str) -> list[MissingPart]:
    text = (definition.description if definition else "") or description or name.replace("_", " ").capitalize()
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    entry = f'msgctxt "{CONTEXT}"\nmsgid "{name}"\nmsgstr "{text}"'
    file = catalogue_of(app_of(name, definition))
    there = has_entry(file, name)
    return [MissingPart(name, Part.TRANSLATION, _("It has no name for people."), entry, str(file), there)]


def app_of(name: str, definition: Definition | None = None) -> AppConfig:
    """Return the application that workflow `name` belongs to: where its function stands, or who registered it."""
    if definition is not None:
        return definition.app
    instance = registered().get(name)
    places = (instance.module, instance.registered_in) if instance else ()
    found = (apps.get_containing_app_config(place) for place in places)
    return next((app for app in found if app is not None), apps.get_app_config("tasks"))


def catalogue_of(app: AppConfig) -> Path:
    """Return the file that names the workflows of `app`: its own catalogue, or the project's for the shipped ones."""
    own = app.name == "tasks" and settings.LOCALE_PATHS
    folder = Path(settings.LOCALE_PATHS[0]) if own else Path(app.path) / "locale"
    return folder / to_locale(settings.LANGUAGE_CODE) / "LC_MESSAGES" / "django.po"


def _import_problem(instance: LazyWorkflowInstance | None) -> WorkflowImportError | None:
    try:
        if instance is not None:
            instance.load()
    except WorkflowImportError as problem:
        return problem
    return None


def unapplied_workflows() -> dict[str, str]:
    """Return the workflows that migrations on disk create and the database has not seen, with their application."""
    loader = MigrationLoader(connection, load=False)
    loader.load_disk()  # what depends on what is not asked
    applied = MigrationRecorder(connection).applied_migrations()
    return {
        operation.name: app_label
        for (app_label, migration_name), migration in loader.disk_migrations.items()
        if (app_label, migration_name) not in applied
        for operation in migration.operations
        if isinstance(operation, CreateWorkflow)
    }
