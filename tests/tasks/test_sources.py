"""Workflow functions are found in source files without running these."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.sources import definitions, registration_line
from tests.outside import NIGHTLY_SYNC, OutsideApp


@pytest.fixture
def app(outside_app: OutsideApp, monkeypatch: pytest.MonkeyPatch, settings: Any) -> OutsideApp:
    outside_app.install(monkeypatch, settings)
    return outside_app


def test_a_decorated_function_is_found_with_file_line_and_description(app: OutsideApp) -> None:
    file = app.write("workflows/tasks/nightly.py", NIGHTLY_SYNC.replace("task_sync_from", "task_outside"))
    found = definitions()["task_outside"]
    assert (found.file, found.line, found.description) == (file, 21, "Nightly sync")
    assert (found.module, found.app.name) == (f"{app.name}.workflows.tasks.nightly", app.name)


@pytest.mark.parametrize(
    "decorator", ["workflow", "task", "utils.validate_workflow", "create_workflow", "modify_workflow"]
)
def test_every_decorator_of_the_contract_counts(app: OutsideApp, decorator: str) -> None:
    app.write("any.py", f"raise RuntimeError\n@{decorator}(description='A text')\ndef found_by_name(): ...\n")
    assert definitions()["found_by_name"].description == "A text"


def test_other_functions_migrations_and_invalid_files_do_not(app: OutsideApp) -> None:
    app.write("plain.py", "@step('One')\ndef one(): ...\ndef two(): ...\n")
    app.write("migrations/0001_initial.py", "@workflow('Old')\ndef three(): ...\n")
    app.write("invalid.py", "@workflow('Half\ndef four(): ...\n")
    assert not {"one", "two", "three", "four"} & definitions().keys()


@pytest.mark.parametrize(
    ("registering", "module", "line"),
    [
        ("workflows/__init__.py", "workflows/tasks/nightly.py", '".tasks.nightly"'),
        ("workflows/__init__.py", "jobs/nightly.py", '"..jobs.nightly"'),
        ("workflows/__init__.py", "workflows/__init__.py", '"APP.workflows"'),
        ("workflows.py", "nightly.py", '".nightly"'),
        ("workflows.py", "workflows.py", '".workflows"'),
        (None, "tasks/nightly.py", '"..tasks.nightly"'),
    ],
)
def test_the_line_that_registers_a_function_fits_the_place(
    app: OutsideApp, registering: str | None, module: str, line: str
) -> None:
    if registering:
        app.write(registering, "")
    app.write(module, NIGHTLY_SYNC.replace("task_sync_from", "task_outside"))
    expected = f'LazyWorkflowInstance({line.replace("APP", app.name)}, "task_outside")'
    assert registration_line(definitions()["task_outside"]) == expected
