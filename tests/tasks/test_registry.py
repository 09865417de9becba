"""Workflows are found by name, loaded when needed, and one that is broken takes nothing else down."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tasks import registry
from tasks.exceptions import UnknownWorkflow, WorkflowImportError
from tests.outside import NIGHTLY_SYNC, OutsideApp

REGISTER = "from orchestrator.workflows import LazyWorkflowInstance\n"


@pytest.fixture
def app(outside_app: OutsideApp, monkeypatch: pytest.MonkeyPatch, settings: Any) -> OutsideApp:
    outside_app.install(monkeypatch, settings)
    return outside_app


def test_the_shipped_nightly_sync_is_registered() -> None:
    assert registry.get_workflow("task_sync_from").description == "Nightly sync"


def test_the_name_is_that_of_the_function() -> None:
    assert registry.get_workflow("task_sync_from").name == "task_sync_from"


def test_a_relative_module_starts_from_the_package_that_registers_it(app: OutsideApp) -> None:
    app.write("workflows/__init__.py", REGISTER + 'LazyWorkflowInstance(".tasks.nightly_sync", "task_outside")')
    app.write("workflows/tasks/nightly_sync.py", NIGHTLY_SYNC.replace("task_sync_from", "task_outside"))
    assert registry.registered()["task_outside"].module == f"{app.name}.workflows.tasks.nightly_sync"
    assert [step.name for step in registry.get_workflow("task_outside").steps] == ["Start", "NSO calls", "Done"]


def test_a_relative_module_in_a_plain_workflows_module_starts_from_the_application(app: OutsideApp) -> None:
    app.write("workflows.py", REGISTER + 'LazyWorkflowInstance(".nightly", "task_outside")')
    app.write("nightly.py", NIGHTLY_SYNC.replace("task_sync_from", "task_outside"))
    assert registry.get_workflow("task_outside").name == "task_outside"


def test_an_absolute_module_is_found(app: OutsideApp) -> None:
    app.write("workflows.py", REGISTER + 'LazyWorkflowInstance("APP.nightly", "task_outside")')
    app.write("nightly.py", NIGHTLY_SYNC.replace("task_sync_from", "task_outside"))
    assert registry.get_workflow("task_outside").name == "task_outside"


def test_a_module_is_imported_when_it_is_first_needed(app: OutsideApp) -> None:
    app.write("workflows.py", REGISTER + 'LazyWorkflowInstance(".nightly", "task_outside")')
    app.write("nightly.py", NIGHTLY_SYNC.replace("task_sync_from", "task_outside"))
    assert "task_outside" in registry.registered()
    assert f"{app.name}.nightly" not in sys.modules
    registry.get_workflow("task_outside")
    assert f"{app.name}.nightly" in sys.modules


def test_an_application_named_by_its_configuration_class_is_found(
    outside_app: OutsideApp, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    outside_app.write("apps.py", "from django.apps import AppConfig\nclass Config(AppConfig):\n    name = 'APP'\n")
    outside_app.write("workflows.py", REGISTER + 'LazyWorkflowInstance(".nightly", "task_outside")')
    outside_app.install(monkeypatch, settings, f"{outside_app.name}.apps.Config")
    assert "task_outside" in registry.registered()


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UnknownWorkflow, match="task_of_nobody"):
        registry.get_workflow("task_of_nobody")


def test_an_import_error_names_workflow_and_file_and_leaves_the_others_alone(app: OutsideApp) -> None:
    app.write("workflows.py", REGISTER + 'LazyWorkflowInstance(".broken", "task_broken")')
    file = app.write("broken.py", "import there_is_no_such_module")
    with pytest.raises(WorkflowImportError, match="there_is_no_such_module") as caught:
        registry.get_workflow("task_broken")
    assert caught.value.name == "task_broken"
    assert caught.value.file == str(file)
    assert [failure.workflow_name for failure in registry.import_errors()] == ["task_broken"]
    assert registry.get_workflow("task_sync_from")


def test_a_corrected_file_works_without_a_restart(app: OutsideApp) -> None:
    app.write("workflows.py", REGISTER + 'LazyWorkflowInstance(".nightly", "task_outside")')
    app.write("nightly.py", "1 / 0")
    with pytest.raises(WorkflowImportError, match="ZeroDivisionError"):
        registry.get_workflow("task_outside")
    app.write("nightly.py", NIGHTLY_SYNC.replace("task_sync_from", "task_outside"))
    assert registry.get_workflow("task_outside").name == "task_outside"
    assert registry.import_errors() == []


def test_a_function_that_is_no_workflow_is_told(app: OutsideApp) -> None:
    app.write("workflows.py", REGISTER + 'LazyWorkflowInstance(".plain", "task_plain")')
    app.write("plain.py", "def task_plain(): ...")
    with pytest.raises(WorkflowImportError, match="decorate it with @workflow"):
        registry.get_workflow("task_plain")


def test_a_missing_function_is_told(app: OutsideApp) -> None:
    app.write("workflows.py", REGISTER + 'LazyWorkflowInstance(".empty", "task_missing")')
    app.write("empty.py", "")
    with pytest.raises(WorkflowImportError, match="task_missing"):
        registry.get_workflow("task_missing")


def test_a_workflows_module_that_fails_takes_no_other_down(app: OutsideApp) -> None:
    file = app.write("workflows.py", "raise RuntimeError('no network')")
    assert "task_sync_from" in registry.registered()
    [failure] = registry.import_errors()
    assert (failure.workflow_name, failure.module, failure.file) == ("", f"{app.name}.workflows", str(file))
    assert failure.message == "RuntimeError: no network"


def test_an_application_may_replace_a_shipped_workflow(app: OutsideApp) -> None:
    app.write("workflows.py", REGISTER + 'LazyWorkflowInstance(".nightly", "task_sync_from")')
    app.write("nightly.py", NIGHTLY_SYNC.replace("Nightly sync", "Our own sync"))
    assert registry.get_workflow("task_sync_from").description == "Our own sync"
    assert registry.import_errors() == []


def test_of_two_workflows_with_one_name_the_second_is_refused(app: OutsideApp) -> None:
    app.write(
        "workflows.py",
        REGISTER + 'LazyWorkflowInstance(".one", "task_twice")\nLazyWorkflowInstance(".two", "task_twice")',
    )
    for module in ("one", "two"):
        app.write(f"{module}.py", NIGHTLY_SYNC.replace("task_sync_from", "task_twice"))
    assert registry.registered()["task_twice"].module == f"{app.name}.one"
    [failure] = registry.import_errors()
    assert failure.message == (
        f"task_twice is registered already, from {app.name}.one. Give the one from {app.name}.two another name."
    )


def test_an_application_without_workflows_is_nothing_special(app: OutsideApp) -> None:
    assert registry.import_errors() == []
    assert [module for _app, module in registry.app_modules("workflows")] == ["tasks.workflows"]


def test_modules_of_another_kind_are_found_in_outside_applications(app: OutsideApp) -> None:
    app.write("schedules.py", "")
    assert [(config.name, module) for config, module in registry.app_modules("schedules")] == [
        (app.name, f"{app.name}.schedules")
    ]


def test_a_callable_instance_is_called_for_its_workflow(app: OutsideApp) -> None:
    app.write("workflows.py", REGISTER + 'LazyWorkflowInstance(".made", "make_it", is_callable=True)')
    app.write(
        "made.py",
        """
        from orchestrator.workflow import done, init, workflow

        def make_it():
            @workflow("Made")
            def inner():
                return init >> done
            return inner
        """,
    )
    assert registry.get_workflow("make_it").description == "Made"
    assert registry.get_workflow("make_it").name == "make_it"
