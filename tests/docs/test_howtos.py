"""The how-tos: their files make an application, their commands do in it what the page shows."""

from __future__ import annotations

import importlib
import io
import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import polib
import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from accounts.models import User
from orchestrator.testing import run_task
from schedules.decorators import scheduler
from schedules.reconcile import reconcile_code_schedules
from tasks.models import Process, Workflow
from tasks.registry import registered
from tests.docs.pages import DOCS, Block, Command, blocks, matches
from tests.outside import OutsideApp

TASK = """from orchestrator.workflow import StepList, done, init, workflow

@workflow("A name")
def {name}() -> StepList:
    return init >> done
"""
pytestmark = pytest.mark.django_db


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[OutsideApp]:
    """An application to put a page's files into."""
    app = OutsideApp(tmp_path)
    app.install(monkeypatch, settings)
    monkeypatch.setattr(scheduler, "_declared", scheduler.all())
    monkeypatch.chdir(tmp_path)
    yield app
    app.forget()


def put_down(app: OutsideApp, page: str, *also: str) -> list[Block]:
    """Write the files of a page, register and add the rows of its workflows; return its other blocks.

    `also` names tasks that the page takes for granted.
    """
    others, lines = [], []
    for name in also:
        app.write(f"workflows/{name}.py", TASK.format(name=name))
        lines.append(f'LazyWorkflowInstance(".{name}", "{name}")')
    for block in blocks(DOCS / page):
        if block.language != "python":
            others.append(block)
            continue
        path = block.path.removeprefix("netops/")
        app.write(path, block.text.replace("netops", app.name))
        module = path.removesuffix(".py").replace("/", ".").removeprefix("workflows.")
        lines += [f'LazyWorkflowInstance(".{module}", "{name}")'
                  for name in re.findall(r"^def (task_\w+)", block.text, re.MULTILINE)]  # fmt: skip
    app.write("workflows/__init__.py", "\n".join(["from orchestrator.workflows import LazyWorkflowInstance", *lines]))
    for name, each in registered().items():
        if each.module.startswith(app.name):
            Workflow.objects.create(name=name, target="SYSTEM")
    return others


def type_in(app: OutsideApp, command: Command) -> str:
    """Run a `python manage.py …` of a page in this process, and compare what it writes with what the page shows."""
    python, manage, *arguments = shlex.split(command.text.replace("netops", app.name).replace("\\\n", " "))
    assert (python, manage) == ("python", "manage.py"), command.text
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        try:
            call_command(*arguments, stdout=out, stderr=out)
        except CommandError as error:
            out.write(f"CommandError: {error}")
    written = out.getvalue()
    assert ("CommandError" in written) == ("Error" in command.output), written
    assert matches(command.output.replace("netops", app.name), written), f"$ {command.text}\n{written}"
    return written


def type_all(app: OutsideApp, others: list[Block]) -> None:
    for block in others:
        for command in block.commands():
            type_in(app, command)


@pytest.mark.django_db(transaction=True)
def test_forms(app: OutsideApp) -> None:
    type_all(app, put_down(app, "howto/forms.md"))
    assert run_task("task_drain_node", [{"node": "utr1"}]).status == "completed"


def test_forms_filled_in_by_a_link(app: OutsideApp, client: Any) -> None:
    put_down(app, "howto/forms.md")
    client.force_login(User.objects.create_superuser("root"), backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/tasks/task_drain_node/?node=utr1").content.decode()
    assert re.search(r'<option value="utr1"\s+selected', page)


def test_locks_and_limits(app: OutsideApp) -> None:
    put_down(app, "howto/locks-and-limits.md")
    process = run_task("task_back_up_node", [{"node": "ams1"}])
    assert process.status == "completed", process.failed_reason
    assert (process.queue, process.priority, process.lock, process.limited) == ("slow", -5, "ams1", True)
    assert run_task("task_rebuild_inventory").status == "completed"


def test_time_zones(app: OutsideApp) -> None:
    others = put_down(app, "howto/time-zones.md")
    importlib.import_module(f"{app.name}.schedules.reports")
    reconcile_code_schedules()
    type_all(app, others)


def test_translating(app: OutsideApp, settings: Any) -> None:
    others = put_down(app, "howto/translating.md", "task_report")
    type_all(app, others)
    entry = next(block.text for block in others if block.language == "po")
    made = app.path / "locale" / "en_GB" / "LC_MESSAGES" / "django.po"
    assert "task_report" in entry
    assert any(each.msgid == "task_report" and each.msgctxt == "workflow" for each in polib.pofile(str(made)))

    call_command("makemessages", "--locale", "nl", verbosity=0)
    dutch = app.path / "locale" / "nl" / "LC_MESSAGES" / "django.po"
    catalogue = polib.pofile(str(dutch))
    catalogue.find("task_report", by="msgid").msgstr = "Weekverslag"
    catalogue.save()
    own = {}
    exec(next(block.text for block in blocks(DOCS / "howto/translating.md") if block.language == "python"), own)
    settings.LANGUAGE_CODE, settings.LANGUAGES = own["LANGUAGE_CODE"], own["LANGUAGES"]
    from tasks.labels import label

    with translation.override("nl"):
        assert label("task_report") == "Weekverslag"


def test_moving_from_orchestrator_core(app: OutsideApp, tmp_path: Path) -> None:
    page = DOCS / "moving.md"
    app.write("workflows/task_moved.py", TASK.format(name="task_moved"))
    line = 'LazyWorkflowInstance(".task_moved", "task_moved")'
    app.write("workflows/__init__.py", f"from orchestrator.workflows import LazyWorkflowInstance\n{line}\n")
    (tmp_path / "translations").mkdir()
    for block in blocks(page):
        if block.language == "json":
            (tmp_path / "translations" / "en-GB.json").write_text(block.text.replace("task_sync_from", "task_moved"))
        for command in block.commands():
            if "migrate" in command.text.split() or "checktasks" in command.text:
                continue  # of an application that this Django has not started with: the tutorial does it
            type_in(app, Command(command.text, command.output.replace("task_sync_from", "task_moved")))
    made = polib.pofile(str(app.path / "locale" / "en_GB" / "LC_MESSAGES" / "django.po"))
    assert made.find("task_moved", by="msgid").msgstr == "NSO synchronisation"
    assert not Process.objects.exists()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "is not JSON"),
        ("[]", "is not JSON"),
        ('{"workflow": ["a"]}', "must hold a text"),
        (None, "cannot be read"),
    ],
)
def test_importtranslations_refuses_other_files(
    content: str | None, complaint: str, app: OutsideApp, tmp_path: Path
) -> None:
    file = tmp_path / "en-GB.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CommandError, match=complaint):
        call_command("importtranslations", app.name, str(file))
    with pytest.raises(CommandError, match="no application"):
        call_command("importtranslations", "nowhere", str(file))
