"""Each part that a workflow lacks is told, with exactly what adds it."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.checks import MissingPart, Part, listed_names, missing_parts
from tasks.models import Workflow
from tests.outside import NIGHTLY_SYNC, OutsideApp

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_translations")]
REGISTER = (
    'from orchestrator.workflows import LazyWorkflowInstance\n\nLazyWorkflowInstance(".nightly", "task_outside")\n'
)
ENTRY = 'msgctxt "workflow"\nmsgid "task_outside"\nmsgstr "Nightly sync"'


@pytest.fixture
def app(outside_app: OutsideApp, monkeypatch: pytest.MonkeyPatch, settings: Any) -> OutsideApp:
    outside_app.write("workflows/nightly.py", NIGHTLY_SYNC.replace("task_sync_from", "task_outside"))
    outside_app.install(monkeypatch, settings)
    return outside_app


def lacking() -> dict[str, MissingPart]:
    """What task_outside lacks, by part."""
    return {part.part: part for part in missing_parts() if part.workflow_name == "task_outside"}


def test_the_shipped_tasks_lack_nothing(app: OutsideApp) -> None:
    shipped = {row.name for row in Workflow.objects.exclude(name__startswith="test_")} & listed_names()
    assert "task_sync_from" in shipped
    assert not [part for part in missing_parts() if part.workflow_name in shipped]


def test_code_alone_lacks_the_three_others(app: OutsideApp) -> None:
    app.write("workflows/__init__.py", "")
    parts = lacking()
    assert list(parts) == [Part.REGISTRATION, Part.MIGRATION, Part.TRANSLATION]
    assert parts["registration"].remedy == REGISTER.strip()
    assert parts["registration"].file == str(app.path / "workflows" / "__init__.py")
    assert f"{app.path / 'workflows' / 'nightly.py'}, line 21" in parts["registration"].problem
    assert "Register it first" in parts["migration"].problem


def test_the_import_line_is_not_repeated(app: OutsideApp) -> None:
    app.write("workflows/__init__.py", "from orchestrator.workflows import LazyWorkflowInstance\n")
    assert lacking()["registration"].remedy == 'LazyWorkflowInstance(".nightly", "task_outside")'


def test_registered_code_lacks_migration_and_translation(app: OutsideApp) -> None:
    app.write("workflows/__init__.py", REGISTER)
    parts = lacking()
    assert list(parts) == [Part.MIGRATION, Part.TRANSLATION]
    assert parts["migration"].remedy == f"manage.py maketaskmigration {app.name}\nmanage.py migrate {app.name}"
    assert parts["migration"].file == ""
    assert parts["translation"].remedy == ENTRY
    assert parts["translation"].file == str(app.path / "locale" / "en_GB" / "LC_MESSAGES" / "django.po")


def test_a_migration_that_was_not_applied_is_told_from_none(app: OutsideApp) -> None:
    app.write("workflows/__init__.py", REGISTER)
    app.write("migrations/__init__.py", "")
    app.write(
        "migrations/0001_rows.py",
        """
        from django.db import migrations
        from orchestrator.migrations.operations import CreateTask
        class Migration(migrations.Migration):
            dependencies = [("tasks", "0001_initial")]
            operations = [CreateTask(name="task_outside")]
        """,
    )
    assert lacking()["migration"].remedy == f"manage.py migrate {app.name}"


def test_with_its_row_it_lacks_the_translation(app: OutsideApp) -> None:
    app.write("workflows/__init__.py", REGISTER)
    Workflow.objects.create(name="task_outside", target="SYSTEM")
    assert list(lacking()) == [Part.TRANSLATION]
    assert "task_outside" not in listed_names()


def test_with_the_line_that_was_asked_for_it_lacks_nothing_and_is_listed(app: OutsideApp) -> None:
    app.write("workflows/__init__.py", REGISTER)
    Workflow.objects.create(name="task_outside", target="SYSTEM")
    translation = lacking()["translation"]
    app.write("locale/en_GB/LC_MESSAGES/django.po", translation.remedy)
    assert lacking() == {}
    assert "task_outside" in listed_names()


def test_code_that_does_not_import_names_the_file(app: OutsideApp) -> None:
    app.write("workflows/__init__.py", REGISTER)
    file = app.write("workflows/nightly.py", "import there_is_no_such_module")
    assert list(lacking()) == [Part.CODE]
    code = lacking()["code"]
    assert code.remedy == f"Correct {file}."
    assert "there_is_no_such_module" in code.problem
    Workflow.objects.create(name="task_outside", target="SYSTEM")
    assert "task_outside" not in listed_names()


def test_a_row_without_code_asks_for_the_application_first_and_for_nothing_else(settings: Any) -> None:
    Workflow.objects.create(name="task_outside", target="SYSTEM")
    settings.ORCHESTRATOR_APPS = []
    parts = lacking()
    assert list(parts) == [Part.CODE]
    problem = parts["code"].problem
    assert "Is ORCHESTRATOR_APPS set here? It is: (empty). Add the application and restart." in problem
    assert problem.index("ORCHESTRATOR_APPS") < problem.index('DeleteWorkflow("task_outside")')
    assert parts["code"].remedy == "export ORCHESTRATOR_APPS=…"


def test_a_row_without_code_names_the_applications_that_are_known(app: OutsideApp) -> None:
    Workflow.objects.create(name="task_elsewhere", target="SYSTEM")
    (part,) = [part for part in missing_parts() if part.workflow_name == "task_elsewhere"]
    assert f"It is: {app.name}." in part.problem
    assert part.remedy == f"export ORCHESTRATOR_APPS={app.name},…"


def test_code_with_a_syntax_error_is_told_alone(app: OutsideApp) -> None:
    app.write("workflows/__init__.py", REGISTER)
    app.write("workflows/nightly.py", "def task_outside(:")
    assert list(lacking()) == [Part.CODE]


def test_a_description_with_quotes_makes_a_valid_entry(app: OutsideApp) -> None:
    app.write(
        "workflows/nightly.py",
        "from orchestrator.workflow import *\n@workflow('Say \"hi\" \\\\ now')\ndef task_outside(): ...",
    )
    app.write("workflows/__init__.py", REGISTER)
    Workflow.objects.create(name="task_outside", target="SYSTEM")
    app.write("locale/en_GB/LC_MESSAGES/django.po", lacking()["translation"].remedy.replace("APP", ""))
    assert lacking() == {}


def test_listing_costs_one_query(django_assert_num_queries: Any) -> None:
    listed_names()
    with django_assert_num_queries(1):
        listed_names()
