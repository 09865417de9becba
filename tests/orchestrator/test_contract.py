"""The imports that users' files rely on, and what they are: the same objects as inside."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

CONTRACT = {
    "orchestrator.workflow": "StepList begin init done abort step retrystep inputstep step_group callback_step "
    "conditional steplens focussteps foreach_step workflow ProcessStatus PredicateContext RunPredicatePass "
    "RunPredicateFail",
    "orchestrator.workflows": "LazyWorkflowInstance",
    "orchestrator.workflows.utils": "task create_workflow modify_workflow terminate_workflow validate_workflow",
    "orchestrator.targets": "Target",
    "orchestrator.types": "State UUIDstr FormGenerator",
    "orchestrator.forms": "FormPage SecretField",
    "orchestrator.config.assignee": "Assignee",
    "orchestrator.utils.errors": "InconsistentDataError ApiException ProcessFailureError",
    "orchestrator.services.processes": "start_process resume_process abort_process",
    "orchestrator.db": "Product Subscription Workflow Process",
    "orchestrator.schedules.scheduler": "scheduler",
    "orchestrator.schedules.scheduling": "scheduler",
    "orchestrator.migrations.operations": "CreateTask CreateWorkflow DeleteWorkflow",
}


@pytest.mark.parametrize("module", CONTRACT)
def test_every_name_of_the_contract_can_be_imported(module: str) -> None:
    found = importlib.import_module(module)
    names = CONTRACT[module].split()
    assert [name for name in names if not hasattr(found, name)] == []
    assert sorted(found.__all__) == sorted(names)


def test_the_package_only_passes_on(pytestconfig: pytest.Config) -> None:
    """No file of the package defines anything."""
    import ast

    for file in (pytestconfig.rootpath / "orchestrator").rglob("*.py"):
        for node in ast.parse(file.read_text()).body:
            is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            is_all = isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
            assert is_docstring or is_all or isinstance(node, ast.ImportFrom), f"{file}, line {node.lineno}"


def test_the_language_can_be_imported_without_the_models(pytestconfig: pytest.Config) -> None:
    """Task files are plain Python: importing the language needs no configured Django."""
    imports = "import json, sys, orchestrator.workflow, orchestrator.targets, orchestrator.types"
    program = f"{imports}; print(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=pytestconfig.rootpath, capture_output=True, text=True, check=True
    )
    assert "tasks.models" not in json.loads(ran.stdout)


def test_the_shipped_nightly_sync_is_the_file_of_the_manual(pytestconfig: pytest.Config) -> None:
    ours = (pytestconfig.rootpath / "tasks" / "workflows" / "nightly_sync.py").read_text()
    example = Path("tests/examples/netops/workflows/tasks/nightly_sync.py")
    assert ours == (pytestconfig.rootpath / example).read_text()
    assert 'logger.info("NSO calls finished", done_at=time.time())' in ours


def test_queries_of_sqlalchemy_are_refused_with_what_to_write_instead() -> None:
    from orchestrator.db import Process, Product, Subscription, Workflow

    with pytest.raises(AttributeError) as refused:
        Subscription.query.filter(Subscription.description.like("Node%Provisioned")).all()
    assert 'Subscription.objects.filter(description__startswith="Node"' in str(refused.value)
    assert [model for model in (Process, Product, Subscription, Workflow) if hasattr(model, "query")] == []
