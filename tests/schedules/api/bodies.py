"""What is asked for."""

from __future__ import annotations

TASK = "task_sync_from"
BODY = {
    "name": "Nightly",
    "workflow_name": TASK,
    "trigger": "cron",
    "trigger_kwargs": {"expression": "0 1 * * 1-5", "timezone": "Europe/Amsterdam"},
    "user_inputs": [],
}
