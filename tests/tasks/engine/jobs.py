"""What tests of the queue share: its jobs, taken as workers take them, and gone when a test ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from tasks import transitions
from tests.system import System


def jobs(system: System) -> list[tuple[Any, ...]]:
    return system.sql("SELECT id, status, queueing_lock FROM procrastinate_jobs ORDER BY id")


@pytest.fixture(autouse=True)
def without_jobs(system: System) -> Iterator[None]:
    yield
    system.sql("TRUNCATE tasks_process, procrastinate_jobs, procrastinate_workers CASCADE")


TOKEN = UUID(int=7)


def take(system: System, leads: transitions.Leads | None = None) -> Any:
    [(number,)] = system.sql("SELECT worker_id FROM procrastinate_register_worker_v1()")
    return transitions.take(None, number, TOKEN, "here", leads)
