"""The application of docs/authoring.md, block by block, does what the page says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.testing import run_task
from tasks.models import Process, Product, Subscription, Workflow
from tasks.registry import registered
from tasks.services import receive_callback, resume_process, run_inline
from tests.outside import OutsideApp

pytestmark = pytest.mark.django_db
PAGE = Path(__file__).parent.parent.parent / "docs" / "authoring.md"
BLOCK = re.compile(r"^```python\n# netops/(?P<path>\S+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def netops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[OutsideApp]:
    """The application that the page describes, with its rows."""
    app = OutsideApp(tmp_path)
    for block in BLOCK.finditer(PAGE.read_text()):
        app.write(block["path"], block["code"].replace("netops", app.name))
    app.install(monkeypatch, settings)
    for name, each in registered().items():
        if each.module.startswith(app.name):
            Workflow.objects.create(name=name, target="SYSTEM")
    yield app
    app.forget()


def state_of(process: Process) -> Any:
    return process.steps.filter(parent=None).last().state  # type: ignore[union-attr]


def test_every_python_block_is_a_file_of_the_application() -> None:
    assert PAGE.read_text().count("```python") == len(BLOCK.findall(PAGE.read_text())) == 6


def test_steps_and_state() -> None:
    process = run_task("task_sync_nodes")
    assert process.status == "completed", process.failed_reason
    assert state_of(process)["synced"] == 2


def test_input_forms() -> None:
    node = Subscription.objects.create(product=Product.objects.create(name="Node"), description="Node 1")
    given = {"node": str(node.pk), "password": "s3cret-value"}
    process = run_task("task_reboot_node", [given])
    assert state_of(process)["rebooted"] == "Node 1 gently"
    process = run_task("task_reboot_node", [{**given, "hard": True}, {"sure": True}])
    assert state_of(process)["rebooted"] == "Node 1 hard"
    assert "s3cret-value" not in str(state_of(process))


def test_waiting() -> None:
    process = run_task("task_enrol_node")
    assert process.status == "suspended", process.failed_reason
    resume_process(process.pk, [{"remark": "fine"}])
    process = run_inline(process.pk)
    assert process.status == "awaiting_callback", process.failed_reason
    receive_callback(process.pk, process.callback_token, {"passed": True})
    process = run_inline(process.pk)
    assert process.status == "completed", process.failed_reason


def test_groups_loops_and_conditions() -> None:
    process = run_task("task_upgrade_nodes")
    assert process.status == "completed", process.failed_reason
    state = state_of(process)
    assert [each["upgraded"] for each in state["results"]] == ["ams1", "utr1"]
    assert state["report"] == {"lines": 1}
    assert process.steps.get(name="Notify").status == "skipped"
    assert (process.queue, process.priority, process.lock) == ("slow", -1, "upgrade")


def test_tests_of_an_application(netops: OutsideApp) -> None:
    import importlib
    import unittest

    tests = importlib.import_module(f"{netops.name}.tests")
    case = tests.SyncTests
    for name in unittest.defaultTestLoader.getTestCaseNames(case):
        getattr(case(name), name)()
