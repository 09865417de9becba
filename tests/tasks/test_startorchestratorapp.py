"""startorchestratorapp refuses names that cannot be. That what it writes works, tests/docs/test_tutorial.py shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command


@pytest.mark.parametrize("name", ["my-ops", "tasks", "1st"])
@pytest.mark.parametrize("directory", [None, "elsewhere/folder"])
def test_a_name_that_cannot_be_an_application_is_refused_and_nothing_written(
    name: str, directory: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError):
        call_command("startorchestratorapp", name, *filter(None, [directory]))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_has_files_of_the_same_names_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    call_command("startorchestratorapp", "someops", "someops", verbosity=0)
    changed = tmp_path / "someops" / "workflows" / "__init__.py"
    changed.write_text("# mine")
    with pytest.raises(CommandError, match="already exists"):
        call_command("startorchestratorapp", "someops", "someops")
    assert changed.read_text() == "# mine"
