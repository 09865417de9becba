"""The one command line: commands of Django, and the programs that an installed wheel has no bin/ for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator_admin import __main__ as program
from orchestrator_admin import layout
from tests.system import System


def type_in(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    """Run the command line in this process; return what it ended with."""
    monkeypatch.setattr(sys, "argv", ["orchestrator-admin", *arguments])
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(SystemExit) as ended:
        program.main()
    return ended.value.code


@pytest.mark.parametrize("name", ["quickstart", "server", "prepare"])
def test_programs_are_commands_and_say_what_they_do(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert type_in(monkeypatch, name, "--help") == 0
    assert "usage:" in capsys.readouterr().out


def test_a_server_that_cannot_migrate_does_not_start(system: System) -> None:
    server = subprocess.run(
        [sys.executable, "-m", "orchestrator_admin", "server", "--port", "1"],
        env={**system.env, "DATABASE_URL": "mysql://nobody@nowhere/nothing"}, cwd=layout.HOME,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert server.returncode == 1
    assert "DATABASE_URL is not usable" in server.stderr
    assert "Uvicorn" not in server.stderr


def test_applications_in_the_folder_where_one_stands_are_found(system: System, tmp_path: Path) -> None:
    (tmp_path / "myops").mkdir()
    (tmp_path / "myops" / "__init__.py").touch()
    (tmp_path / "tasks.py").write_text("raise SystemExit('this is not ours')")  # takes nobody's place
    checked = subprocess.run(
        [*layout.MANAGE, "check"], cwd=tmp_path, env={**system.env, "ORCHESTRATOR_APPS": "myops"},
        capture_output=True, text=True,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr


def test_a_clone_is_known_from_an_installation() -> None:
    assert not layout.INSTALLED
    assert layout.program("server") == "bin/server"
    assert (layout.SHIPPED / "templates").is_dir()
