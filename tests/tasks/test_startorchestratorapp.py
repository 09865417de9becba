"""The application that startorchestratorapp writes works as it is: checked, tested, run."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.outside import forget_test_workflows
from tests.system import System


def test_what_it_writes_passes_its_own_tests_and_runs(system: System, tmp_path: Path) -> None:
    folder = tmp_path / "myops"
    folder.mkdir()
    made = system.run("startorchestratorapp", "myops", str(folder))
    assert made.returncode == 0, made.output
    assert "export ORCHESTRATOR_APPS=myops" in made.output
    forget_test_workflows(system)
    settings = 'from orchestrator_admin.settings import *\nDATABASES["default"]["TEST"] = {"NAME": "test_of_myops"}\n'
    (tmp_path / "settings_of_myops.py").write_text(settings)
    environment = {
        "ORCHESTRATOR_APPS": "myops", "PYTHONPATH": str(tmp_path), "DJANGO_SETTINGS_MODULE": "settings_of_myops",
    }  # fmt: skip
    for command in (["migrate"], ["checktasks"], ["makemigrations", "--check"], ["test", "myops", "--noinput"]):
        ran = system.run(*command, timeout=120, **environment)
        assert ran.returncode == 0, ran.output
    assert "Ran 4 tests" in ran.output


@pytest.mark.parametrize("name", ["my-ops", "tasks", "1st"])
def test_a_name_that_cannot_be_an_application_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError):
        call_command("startorchestratorapp", name)
    assert not [path for path in tmp_path.iterdir() if any(path.iterdir())]
