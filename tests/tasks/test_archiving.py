"""Old processes go into files, completely, before they are gone; nothing else goes."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tasks import archiving
from tasks.models import InputState, Process, ProcessAction, ProcessStatus, ProcessStep, StepLog, Workflow
from tests.tasks.test_builtin_tasks import old, process_of

pytestmark = pytest.mark.django_db


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.iterdir()) for line in gzip.open(path, "rt", encoding="utf-8")]


def test_processes_are_in_the_files_with_all_that_hung_on_them_and_gone_from_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(archiving, "SIZE", 2)
    processes = [
        old(ProcessStatus.COMPLETED, days=40, callback_token="secret", note="Überblick") for _number in range(3)
    ]
    call_command("archiveprocesses", str(tmp_path / "archive"), "--days", "30")

    files = sorted((tmp_path / "archive").iterdir())
    assert len(files) == 2
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in files)
    lines = lines_of(tmp_path / "archive")
    assert [line["process_id"] for line in lines] == sorted(str(process.pk) for process in processes)
    for line in lines:
        assert (line["workflow_name"], line["status"], line["note"]) == ("task_sync_from", "completed", "Überblick")
        assert [step["name"] for step in line["steps"]] == ["One", "Item"]
        assert [entry["message"] for entry in line["logs"]] == ["Hello"]
        assert [(done["action"], done["who"], done["before"]) for done in line["history"]] == [
            ("retried", "ada", "gone")
        ]
        assert [given["user_inputs"] for given in line["inputs"]] == [[]]
        assert "callback_token" not in line
    for model in (Process, ProcessStep, InputState, StepLog, ProcessAction):
        assert not model._default_manager.exists()
    assert "3 processes are archived." in capsys.readouterr().out


def test_what_is_young_unfinished_or_of_a_product_stays(tmp_path: Path) -> None:
    Workflow.objects.create(name="modify_node", target="MODIFY")
    kept = {
        process_of("task_sync_from", ProcessStatus.COMPLETED, timedelta(days=29)),
        old(ProcessStatus.FAILED, days=90),
        old(ProcessStatus.SUSPENDED, days=90),
    }
    of_product = old(ProcessStatus.COMPLETED, "modify_node", days=90)
    call_command("archiveprocesses", str(tmp_path))
    assert set(Process.objects.all()) == {*kept, of_product}
    assert not list(tmp_path.iterdir())

    call_command("archiveprocesses", str(tmp_path), "--products")
    assert set(Process.objects.all()) == kept
    assert [line["process_id"] for line in lines_of(tmp_path)] == [str(of_product.pk)]


def test_nothing_is_removed_when_the_file_cannot_be_written(tmp_path: Path) -> None:
    process = old(ProcessStatus.COMPLETED, days=40)
    (tmp_path / f"processes-{process.pk}.jsonl.partial").mkdir()  # where the file is to be written first
    with pytest.raises(CommandError, match="0 processes are archived; then it failed"):
        call_command("archiveprocesses", str(tmp_path))
    assert Process.objects.filter(pk=process.pk).exists()


def test_days_are_a_whole_number(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="a whole number of days"):
        call_command("archiveprocesses", str(tmp_path), "--days", "-1")
