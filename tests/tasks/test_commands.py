"""checktasks, maketaskmigration, makemessages and compilemessages, as a user of an outside application types them."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from orchestrator.workflows import LazyWorkflowInstance
from tasks.models import Process, Product, Subscription, Workflow
from tests.outside import NIGHTLY_SYNC, OutsideApp, forget_test_workflows
from tests.system import System

EXAMPLES = Path(__file__).parent.parent / "examples"
pytestmark = pytest.mark.usefixtures("fresh_translations")


@pytest.fixture
def app(outside_app: OutsideApp, monkeypatch: pytest.MonkeyPatch, settings: Any) -> OutsideApp:
    outside_app.write(
        "workflows/__init__.py",
        'from orchestrator.workflows import LazyWorkflowInstance\n\nLazyWorkflowInstance(".nightly", "task_outside")\n',
    )
    outside_app.write("workflows/nightly.py", NIGHTLY_SYNC.replace("task_sync_from", "task_outside"))
    outside_app.install(monkeypatch, settings)
    return outside_app


def typed(*command: str, fails: bool = False) -> str:
    """What a command writes; `fails`: it exits with 1."""
    out = io.StringIO()
    if fails:
        with pytest.raises(CommandError) as caught:
            call_command(*command, stdout=out, stderr=out)
        assert caught.value.returncode == 1
        return f"{out.getvalue()}{caught.value}"
    call_command(*command, stdout=out, stderr=out)
    return out.getvalue()


# checktasks


@pytest.mark.django_db
def test_checktasks_names_the_missing_part_and_what_adds_it(app: OutsideApp) -> None:
    told = typed("checktasks", fails=True)
    assert "task_outside lacks its migration" in told
    assert f"    manage.py maketaskmigration {app.name}\n" in told
    assert '    msgctxt "workflow"\n    msgid "task_outside"\n    msgstr "Nightly sync"\n' in told
    assert f"Add to {app.path}/locale/en_GB/LC_MESSAGES/django.po:\n" in told


@pytest.mark.django_db
def test_checktasks_tells_of_a_workflow_that_replaces_a_shipped_one(app: OutsideApp) -> None:
    assert "replaces the shipped one" not in typed("checktasks", fails=True)
    app.write("workflows/own.py", NIGHTLY_SYNC)
    LazyWorkflowInstance(f"{app.name}.workflows.own", "task_sync_from")
    lines = typed("checktasks", fails=True).splitlines()
    (number,) = [number for number, line in enumerate(lines) if "replaces the shipped one" in line]
    assert "task_sync_from" in lines[number - 1]


@pytest.mark.django_db
def test_checktasks_tells_of_modules_that_do_not_import(app: OutsideApp) -> None:
    Workflow.objects.exclude(name="task_sync_from").delete()
    file = app.write("workflows/__init__.py", "raise RuntimeError('no network')")
    told = typed("checktasks", fails=True)
    assert f"{app.name}.workflows cannot be used ({file}): RuntimeError: no network" in told


# maketaskmigration


@pytest.mark.django_db
def test_maketaskmigration_writes_a_first_migration(app: OutsideApp) -> None:
    assert "Now run: manage.py migrate" in typed("maketaskmigration", app.name)
    file = app.path / "migrations" / "0001_create_task_outside.py"
    assert (
        file.read_text()
        == '''"""The rows of task_outside."""

from django.db import migrations

from orchestrator.migrations.operations import CreateTask


class Migration(migrations.Migration):
    dependencies = [("tasks", "0001_initial")]

    operations = [
        CreateTask(name="task_outside", description="Nightly sync"),
    ]
'''
    )
    assert "knows every workflow" in typed("maketaskmigration", app.name)


@pytest.mark.django_db
def test_the_next_migration_follows_the_last(app: OutsideApp) -> None:
    typed("maketaskmigration", app.name)
    app.write(
        "workflows/more.py",
        """
        from orchestrator.workflow import done, init, workflow
        @workflow("Modify \\"it\\"", target="MODIFY")
        def modify_it():
            return init >> done
        """,
    )
    from orchestrator.workflows import LazyWorkflowInstance

    LazyWorkflowInstance(f"{app.name}.workflows.more", "modify_it")
    typed("maketaskmigration", app.name, "--name", "more")
    written = (app.path / "migrations" / "0002_more.py").read_text()
    assert f'dependencies = [("{app.name}", "0001_create_task_outside"), ("tasks", "0001_initial")]' in written
    assert """CreateWorkflow(name="modify_it", target="MODIFY", description='Modify "it"'),""" in written


@pytest.mark.django_db
def test_a_dry_run_writes_nothing(app: OutsideApp) -> None:
    assert 'CreateTask(name="task_outside"' in typed("maketaskmigration", app.name, "--dry-run")
    assert not (app.path / "migrations").exists()


@pytest.mark.django_db
def test_an_unknown_application_and_broken_code_are_told(app: OutsideApp) -> None:
    assert f"Applications with workflows: {app.name}, tasks." in typed("maketaskmigration", "netpos", fails=True)
    app.write("workflows/nightly.py", "import there_is_no_such_module")
    assert "there_is_no_such_module" in typed("maketaskmigration", app.name, fails=True)


# makemessages, compilemessages


def test_makemessages_collects_texts_and_names_of_workflows(app: OutsideApp, tmp_path: Path, settings: Any) -> None:
    settings.LOCALE_PATHS = [str(tmp_path / "project")]
    app.write("forms.py", 'from django.utils.translation import gettext as _\nx = _("Which node?")\n')
    file = app.path / "locale" / "en_GB" / "LC_MESSAGES" / "django.po"
    assert f"Out of date: {file}" in typed("makemessages", "--check", fails=True)
    assert not file.exists()
    assert f"Wrote {file}" in typed("makemessages")
    assert 'msgctxt "workflow"\nmsgid "task_outside"\nmsgstr "Nightly sync"\n' in file.read_text()
    assert 'msgid "Which node?"\n' in file.read_text()
    assert file.read_text().startswith('msgid ""\n')
    assert typed("makemessages", "--check") == ""
    typed("makemessages", "-l", "nl")
    dutch = app.path / "locale" / "nl" / "LC_MESSAGES" / "django.po"
    assert 'msgctxt "workflow"\nmsgid "task_outside"\nmsgstr ""\n' in dutch.read_text()


def test_the_projects_own_texts_are_left_alone_unless_asked_for(app: OutsideApp, tmp_path: Path, settings: Any) -> None:
    settings.LOCALE_PATHS = [str(tmp_path / "project")]
    typed("makemessages")
    assert not (tmp_path / "project").exists()
    typed("makemessages", "--project")
    assert 'msgid "task_sync_from"' in (tmp_path / "project" / "en_GB" / "LC_MESSAGES" / "django.po").read_text()
    (tmp_path / "project" / "en_GB" / "LC_MESSAGES" / "django.po").unlink()
    settings.ORCHESTRATOR_APPS = []
    typed("makemessages")
    assert 'msgid "task_sync_from"' in (tmp_path / "project" / "en_GB" / "LC_MESSAGES" / "django.po").read_text()


@pytest.mark.django_db
def test_an_empty_entry_is_to_be_filled_in_not_added(app: OutsideApp) -> None:
    entry = 'msgctxt "workflow"\nmsgid "task_outside"\nmsgstr ""\n'
    file = app.write("locale/en_GB/LC_MESSAGES/django.po", entry)
    told = typed("checktasks", fails=True)
    assert f"Fill in the empty msgstr in {file}:" in told
    assert f"Add to {file}:" not in told
    typed("makemessages")
    assert "task_outside lacks its translation" not in typed("checktasks", fails=True)


def test_compilemessages_compiles_what_changed(app: OutsideApp, tmp_path: Path, settings: Any) -> None:
    settings.LOCALE_PATHS = [str(tmp_path / "project")]
    file = app.write("locale/en_GB/LC_MESSAGES/django.po", 'msgid "a"\nmsgstr "b"\n')
    assert typed("compilemessages") == f"Compiled {file}\n"
    assert typed("compilemessages") == ""
    assert typed("compilemessages", "--force", "--verbosity", "0") == ""
    assert typed("compilemessages", "--force") == f"Compiled {file}\n"


def test_one_bad_catalogue_does_not_keep_the_others_from_being_compiled(
    app: OutsideApp, tmp_path: Path, settings: Any
) -> None:
    settings.LOCALE_PATHS = [str(tmp_path / "project")]
    bad = app.write("locale/en_GB/LC_MESSAGES/django.po", "nonsense")
    good = app.write("locale/nl/LC_MESSAGES/django.po", 'msgid "a"\nmsgstr "b"\n')
    told = typed("compilemessages", fails=True)
    assert str(bad) in told
    assert f"Compiled {good}" in told


# The whole way, in processes of its own


def test_an_outside_application_is_led_through_all_four_parts(system: System, tmp_path: Path) -> None:
    """Issue of the manual: code, registration, migration, translation; each missing one is told before it is added."""
    forget_test_workflows(system)
    app = tmp_path / "apps" / "netops"
    shutil.copytree(EXAMPLES / "netops", app, ignore=shutil.ignore_patterns("__pycache__", "migrations", "locale"))
    registration = app / "workflows" / "__init__.py"
    lines = [line for line in registration.read_text().splitlines() if "validate_node_enrollment" not in line]
    registration.write_text("\n".join(lines) + "\n")
    environment = {"ORCHESTRATOR_APPS": "netops", "PYTHONPATH": str(app.parent)}

    def check() -> tuple[int, str]:
        process = system.run("checktasks", **environment)
        assert process.returncode is not None
        return process.returncode, process.output

    def lacks(output: str) -> list[str]:
        found = (
            line.split(" lacks its ")
            for line in output.splitlines()
            if line.startswith("validate_node_enrollment lacks")
        )
        return [part.split(".")[0] for _name, part in found]

    code, output = check()
    assert (code, lacks(output)) == (1, ["registration", "migration", "translation"])
    line = 'LazyWorkflowInstance(".tasks.validate_node_enrollment", "validate_node_enrollment")'
    assert f"Add to {registration}:\n    {line}\n" in output
    registration.write_text(f"{registration.read_text()}{line}\n")

    code, output = check()
    assert (code, lacks(output)) == (1, ["migration", "translation"])
    assert "Run:\n    manage.py maketaskmigration netops\n    manage.py migrate netops\n" in output
    assert system.run("maketaskmigration", "netops", **environment).returncode == 0

    code, output = check()
    assert (code, lacks(output)) == (1, ["migration", "translation"])
    assert "Run:\n    manage.py migrate netops\n" in output
    assert system.run("migrate", "netops", **environment).returncode == 0

    code, output = check()
    assert (code, lacks(output)) == (1, ["translation"])
    entry = 'msgctxt "workflow"\nmsgid "validate_node_enrollment"\nmsgstr "Validate node enrollment"\n'
    catalogue = app / "locale" / "en_GB" / "LC_MESSAGES" / "django.po"
    assert f"Add to {catalogue}:\n" in output
    assert "".join(f"    {part}\n" for part in entry.splitlines()) in output
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text(entry)

    code, output = check()
    assert code == 0, output
    assert system.run("compilemessages", **environment).returncode == 0
    assert catalogue.with_suffix(".mo").exists()
    assert check()[0] == 0
    assert system.sql("SELECT target FROM tasks_workflow WHERE name = 'validate_node_enrollment'") == [("SYSTEM",)]


def test_the_last_example_of_the_manual_starts_tasks_in_concert(system: System) -> None:
    """A schedule function of an outside application queries subscriptions and starts one task for each, with a UUID."""
    environment = {"ORCHESTRATOR_APPS": "netops", "PYTHONPATH": str(EXAMPLES), "PYTHONWARNINGS": "default"}
    assert system.run("migrate", "netops", **environment).returncode == 0
    node = Product.objects.create(name="Node")
    wanted = [Subscription.objects.create(product=node, description=f"Node {n} Provisioned") for n in range(2)]
    Subscription.objects.create(product=node, description="Node 2 Planned")
    forced = system.run("scheduler", "force", "run_node_enrollment", **environment)
    assert forced.returncode == 0, forced.output
    assert "DeprecationWarning" in forced.output
    processes = Process.objects.select_related("workflow").order_by("pk")
    assert {each.status for each in processes} == {"completed"}
    started = [each.workflow.name for each in processes]
    assert started == ["validate_node_enrollment", "validate_node_enrollment", "task_sync_from"]
    enrolled = {each.steps.get(name="Check enrollment").state["enrolled"] for each in processes[:2]}
    assert enrolled == {subscription.description for subscription in wanted}
    assert "Node is enrolled" in forced.output


# starttask


@pytest.mark.django_db
def test_starttask_asks_for_the_name_that_was_meant(app: OutsideApp) -> None:
    told = typed("starttask", "task_outsid", fails=True)
    assert told == "There is no workflow “task_outsid”. Did you mean task_outside?"
    assert typed("starttask", "qqq", fails=True) == "There is no workflow “qqq”."
