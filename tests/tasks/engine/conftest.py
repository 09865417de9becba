"""A real worker on a database of its own, shared by the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bench import Bench
from tests.constants import constants
from tests.system import System, fresh_system


@pytest.fixture(scope="module")
def system(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Like the function-scoped fixture of the same name, for a whole module."""
    with fresh_system(tmp_path_factory.mktemp("system"), django_db_blocker) as system:
        yield system


@pytest.fixture(scope="module")
def working(system: System, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The system with a worker that runs."""
    bench = Bench(system, tmp_path_factory.mktemp("files"))
    system.env |= constants({"tasks.sweeper.EVERY": 1})
    system.worker("--concurrency", "4")
    return bench


@pytest.fixture
def bench(working: Bench, tmp_path: Path) -> Bench:
    """The running system, with a fresh folder and a trace that begins now; a worker that a test stopped is replaced."""
    workers = [process for process in working.system.processes if process.name == "runworker"]
    if all(worker.returncode is not None for worker in workers):
        working.system.worker("--concurrency", "4", TRACE=str(working.trace_file))
    working.folder = tmp_path
    working.trace_file.unlink(missing_ok=True)
    return working
