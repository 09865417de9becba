"""startorchestratorapp refuses names that cannot be. That what it writes works, tests/docs/test_tutorial.py shows."""

from __future__ import annotations

import subprocess
import sys
import zipfile
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


def test_what_it_writes_is_a_package_with_its_translations(tmp_path: Path) -> None:
    call_command("startorchestratorapp", "someops", str(tmp_path / "someops"), verbosity=0)
    names = tmp_path / "someops" / "locale" / "en_GB" / "LC_MESSAGES" / "django"
    names.with_suffix(".mo").write_bytes(b"compiled")
    build = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "-q", "--no-deps"]
    ran = subprocess.run([*build, "--no-build-isolation", "-w", "dist", "."], cwd=tmp_path, capture_output=True)
    assert ran.returncode == 0, ran.stderr
    inside = set(zipfile.ZipFile(tmp_path / "dist" / "someops-0.1.0-py3-none-any.whl").namelist())
    written = {str(file.relative_to(tmp_path)) for file in (tmp_path / "someops").rglob("*.*") if file.is_file()}
    assert len(written) > 10
    assert {name for name in inside if not name.startswith("someops-0.1.0.dist-info/")} == written


def test_a_pyproject_that_is_there_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("# mine")
    call_command("startorchestratorapp", "someops", str(tmp_path / "someops"))
    assert file.read_text() == "# mine"
    assert f"{file} was there and was left alone" in capsys.readouterr().out
