"""Settings come from the environment, and a wrong one stops the program with one clear sentence."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator_admin import environment as env
from tests.system import MEASURED, ROOT


@pytest.mark.parametrize(
    ("name", "value", "convert", "complaint"),
    [
        ("DEBUG", "maybe", env.flag, "DEBUG is 'maybe': it must be true or false."),
        ("LOG_LEVEL", "loud", env.one_of("INFO", "DEBUG"), "LOG_LEVEL is 'loud': it must be one of INFO, DEBUG."),
        ("TASK_LOG_RETENTION_DAYS", "0", env.number(1), "TASK_LOG_RETENTION_DAYS is '0': it must be a whole number, 1"),
        ("TASK_LOG_RETENTION_DAYS", "3.5", env.number(1), "it must be a whole number"),
        ("TASK_LOG_RETENTION_DAYS", "٣", env.number(1), "it must be a whole number"),
        ("TIME_ZONE", "Mars", env.time_zone, "TIME_ZONE is 'Mars': there is no such time zone"),
        ("TIME_ZONE", "../etc/passwd", env.time_zone, "there is no such time zone"),
        ("ORCHESTRATOR_API_RATE", "100", env.rate, "it must look like 100/s"),
        ("ORCHESTRATOR_API_RATE", "0/s", env.rate, "it must look like 100/s"),
        ("ORCHESTRATOR_URL", "orchestrator.example.net", env.origin, "it must be an address without a path"),
        ("ORCHESTRATOR_URL", "https://a.example/path", env.origin, "it must be an address without a path"),
        ("ORCHESTRATOR_URL", "https://user@a.example", env.origin, "it must be an address without a path"),
        ("ORCHESTRATOR_URL", "https://a.example:port", env.origin, "ORCHESTRATOR_URL is 'https://a.example:port'"),
        ("ORCHESTRATOR_APPS", "no_such_app", env.applications, "Python finds no package 'no_such_app'"),
        ("ORCHESTRATOR_APPS", "tests,tests", env.applications, "'tests' is named twice"),
        ("ORCHESTRATOR_APPS", "my-app", env.applications, "'my-app' is not the name of a Python package"),
        ("DATABASE_URL", "mysql://u:secret@h/x", env.database, "must start with postgresql://"),
        ("DATABASE_URL", "postgresql://u:secret@h:port/x", env.database, "must look like postgresql://"),
        ("DATABASE_URL", "postgresql://u:secret@h", env.database, "it names no database"),
    ],
)
def test_a_wrong_value_stops_the_program_with_one_sentence(
    name: str, value: str, convert: Callable[[str], Any], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as stopped:
        env.read(name, None, convert)

    sentence = str(stopped.value)
    assert sentence.startswith("Configuration error: ")
    assert complaint in sentence
    assert "\n" not in sentence
    assert "secret" not in sentence


@pytest.mark.parametrize(
    ("value", "convert", "expected"),
    [
        ("On", env.flag, True),
        ("no", env.flag, False),
        ("debug", env.one_of("INFO", "DEBUG"), "DEBUG"),
        (" 12 ", env.number(1), 12),
        ("a.example, b.example,", env.words, ["a.example", "b.example"]),
        ("https://a.example:8443/", env.origin, "https://a.example:8443"),
        ("Europe/Amsterdam", env.time_zone, "Europe/Amsterdam"),
        ("", env.time_zone, "default"),
        ("   ", env.time_zone, "default"),
    ],
)
def test_right_values_are_understood_and_empty_ones_are_unset(
    value: str, convert: Callable[[str], Any], expected: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_SETTING", value)
    assert env.read("SOME_SETTING", "default", convert) == expected


def test_a_database_address_keeps_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    found = env.database("postgresql://ada:p%40ss@db.example:5433/prod?sslmode=require")
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"], found["NAME"]) == (
        "ada", "p@ss", "db.example", 5433, "prod",
    )  # fmt: skip
    assert found["OPTIONS"] == {"sslmode": "require"}


def test_the_secret_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first = env.kept_secret(tmp_path / "data")

    assert len(first) >= 50
    assert env.kept_secret(tmp_path / "data") == first
    assert stat.S_IMODE((tmp_path / "data" / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret_key"]


def test_a_secret_key_that_cannot_be_made_is_a_clear_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit, match="Set ORCHESTRATOR_DATA_DIR or SECRET_KEY"):
        env.kept_secret(tmp_path / "file" / "data")


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "manage.py", *arguments], cwd=ROOT, text=True, capture_output=True, check=False,
        env={**MEASURED, "PATH": os.environ["PATH"], "ORCHESTRATOR_DATA_DIR": os.environ["ORCHESTRATOR_DATA_DIR"],
             **environment},
    )  # fmt: skip


def test_with_a_database_of_its_own_the_program_does_not_start_without_a_secret_key() -> None:
    result = manage("check", DATABASE_URL="postgresql://db.example/prod")

    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Configuration error: SECRET_KEY is not set: with DATABASE_URL set, give every")
    assert result.stderr.count("\n") == 1


def test_behind_https_the_check_for_deployment_finds_nothing_to_say() -> None:
    result = manage(
        "check", "--deploy", "--fail-level", "WARNING", ORCHESTRATOR_URL="https://orchestrator.example.net",
    )  # fmt: skip

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "System check identified no issues (0 silenced).\n"
