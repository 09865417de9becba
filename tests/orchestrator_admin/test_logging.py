"""Log events reach people as text and machines as one JSON object a line, without anybody's secrets."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import logging, sys, threading, warnings
import structlog
from orchestrator_admin.logging import configure
configure(sys.argv[1], "INFO", "worker")
structlog.contextvars.bind_contextvars(request_id="r-1", process_id="p-1")
structlog.get_logger("ours").info("step_done", step="Zürich\\n2", odd={1: object})
logging.getLogger("theirs").warning("value %s", 7, extra={"node": "ams1"})
structlog.get_logger("ours").debug("not_shown")
def fail(password):
    raise RuntimeError("broken")
try:
    fail("hunter2")
except RuntimeError:
    structlog.get_logger("ours").exception("step_failed")
    logging.getLogger("theirs").exception("also failed")
warnings.warn("old thing")
thread = threading.Thread(target=fail, args=["hunter2"]); thread.start(); thread.join()
fail("hunter2")
"""


def output(log_format: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, log_format], cwd=ROOT, text=True, capture_output=True, check=False
    )
    assert result.returncode == 1
    assert result.stdout == ""
    return result.stderr


def test_each_line_is_one_json_object_whatever_happens() -> None:
    events: list[dict[str, Any]] = [json.loads(line) for line in output("json").splitlines()]

    first, foreign, failed, also, warned, in_thread, last = events
    assert first["event"] == "step_done"
    assert first["step"] == "Zürich\n2"
    assert (first["request_id"], first["process_id"], first["role"]) == ("r-1", "p-1", "worker")
    assert first["level"] == "info"
    assert first["logger"] == "ours"
    assert first["timestamp"].endswith("Z")
    assert (foreign["event"], foreign["node"], foreign["request_id"]) == ("value 7", "ams1", "r-1")
    assert all("RuntimeError: broken" in event["exception"] for event in (failed, also, in_thread, last))
    assert "old thing" in warned["event"]


def test_people_get_text_with_the_traceback() -> None:
    text = output("console")

    assert "step_done" in text
    assert "process_id=p-1" in text
    assert "Traceback (most recent call last)" in text
    assert "not_shown" not in text


@pytest.mark.django_db
def test_a_forged_host_is_one_line_of_a_warning(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert client.get("/tasks/", headers={"host": "evil.example"}).status_code == 400
    assert [(record.levelname, record.exc_info) for record in caplog.records] == [("WARNING", None)]
    assert "evil.example" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.ERROR):
        client.get("/tasks/", headers={"host": "evil.example"})
    assert not caplog.records


def test_what_functions_held_in_their_variables_stays_out_of_the_log() -> None:
    shown = {
        line for log_format in ("json", "console") for line in output(log_format).splitlines() if "hunter2" in line
    }
    assert not any("password" in line for line in shown), shown
