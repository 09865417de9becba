"""What tests of pages share: people with browsers, processes as the engine leaves them, what a page says and costs."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from tasks.models import (
    Process,
    ProcessStatus,
    ProcessStep,
    Workflow,
)
from tests.people import somebody

TASK = "task_sync_from"


HTMX = {"HX-Request": "true"}


TRACEBACK = """Traceback (most recent call last):
  File "/usr/lib/python3.11/threading.py", line 1, in run
    call()
  File "/usr/lib/python3.11/threading.py", line 2, in call
    step()
  File "/srv/netops/nightly.py", line 3, in nso_calls
    connect()
TimeoutError: gone"""


@pytest.fixture
def operator() -> User:
    return somebody("oscar", "operator")


@pytest.fixture
def browser(client: Client, operator: User) -> Client:
    """The browser of somebody who may start and retry."""
    client.force_login(operator)
    return client


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(somebody("ada", "admin", is_staff=True))
    return client


def made(status: str = "completed", name: str = TASK, minutes_ago: float = 10, **fields: Any) -> Process:
    """Write a process as the engine would have left it."""
    workflow, _ = Workflow.objects.get_or_create(name=name, defaults={"target": "SYSTEM"})
    at = timezone.now() - timedelta(minutes=minutes_ago)
    if status == ProcessStatus.RUNNING:
        fields = {"lease_token": uuid4(), "current_step": "NSO calls", "current_step_started_at": at, **fields}
    ended = at + timedelta(seconds=5) if status in ("completed", "failed", "aborted") else None
    return Process.objects.create(
        workflow=workflow,
        status=status,
        started_at=at,
        first_run_at=at,
        last_modified_at=at,
        completed_at=ended,
        **fields,
    )


def with_steps(process: Process, *names: str, status: str = "success", state: dict[str, Any] | None = None) -> Process:
    at = process.started_at
    for position, name in enumerate(names):
        ProcessStep.objects.create(
            process=process, position=position, name=name, status=status, state={"seen": position, **(state or {})},
            started_at=at, completed_at=at + timedelta(seconds=1),
        )  # fmt: skip
    return process


def text_of(response: Any) -> str:
    """Return what a page says, without its tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def queries(client: Client, path: str, **headers: str) -> int:
    """Return how many statements a page takes, once everything that is read once a process has been read.

    The fewest of three: what is kept for a second only is read again where a slow machine takes longer for the page.
    """
    client.get(path, headers=headers)
    counts = []
    for _time in range(3):
        with CaptureQueriesContext(connection) as caught:
            assert client.get(path, headers=headers).status_code == 200
        counts.append(len(caught))
    return min(counts)
