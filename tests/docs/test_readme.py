"""README: its task, its schedule and its name for people do what it says, and it stays short."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polib
import pytest

from orchestrator.testing import run_task
from schedules.decorators import scheduler
from tasks.models import Process, Workflow
from tasks.registry import registered
from tests.docs.pages import ROOT, blocks
from tests.outside import OutsideApp

README = ROOT / "README.md"
OURS = "task_check_links"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[OutsideApp]:
    app = OutsideApp(tmp_path)
    for block in blocks(README):
        if block.language == "python":
            app.write(block.path.removeprefix("netops/"), block.text.replace("netops", app.name))
    line = f'LazyWorkflowInstance(".check_links", "{OURS}")\n'
    assert line.strip() in README.read_text()
    app.write("workflows/__init__.py", f"from orchestrator.workflows import LazyWorkflowInstance\n{line}")
    app.install(monkeypatch, settings)
    monkeypatch.setattr(scheduler, "_declared", scheduler.all())  # and the shipped schedules back afterwards
    yield app
    app.forget()


@pytest.mark.django_db
def test_its_example_replaces_nothing_that_is_shipped(app: OutsideApp) -> None:
    assert not [name for name, each in registered().items() if each.replaces]
    shipped = {id for id, each in scheduler.all().items() if each.shipped}
    importlib.import_module(f"{app.name}.schedules.check_links")
    assert {id for id, each in scheduler.all().items() if each.shipped} == shipped


@pytest.mark.django_db
def test_its_task_runs_and_its_schedule_starts_it(app: OutsideApp) -> None:
    assert OURS in registered()
    Workflow.objects.create(name=OURS, target="SYSTEM")
    assert run_task(OURS).status == "completed"
    schedule = importlib.import_module(f"{app.name}.schedules.check_links")
    schedule.run_check_links()
    assert Process.objects.filter(workflow__name=OURS).count() == 2
    assert scheduler.all()["check-links"].trigger_fields == {"hour": 1}


def test_its_name_for_people_is_an_entry_of_a_catalogue() -> None:
    (entry,) = [block.text for block in blocks(README) if block.language == "po"]
    (read,) = polib.pofile(entry)
    assert (read.msgctxt, read.msgid, read.msgstr) == ("workflow", OURS, "Check links")


def test_it_is_read_in_ten_minutes() -> None:
    assert 120 <= len(README.read_text().splitlines()) <= 200


def test_its_commands_are_there() -> None:
    commands = [command.text.split() for block in blocks(README) for command in block.commands()]
    for command in commands:
        assert command[0] in {".", "export", "curl"} or (ROOT / command[command[0] == "python"]).exists(), command
