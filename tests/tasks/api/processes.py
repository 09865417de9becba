"""Starts processes through the API, and runs them here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tasks import services
from tasks.models import Process
from tests.people import Api


def start(api: Api, name: str, *pages: dict[str, Any]) -> str:
    """Start a process and return its id."""
    answer = api.post("/api/processes/", {"workflow_name": name, "user_inputs": list(pages)})
    assert answer.status_code == 201, answer.content
    return str(answer.json()["process_id"])


def run(process_id: str) -> Process:
    """Run it in this thread until it rests."""
    return services.run_inline(UUID(process_id))
