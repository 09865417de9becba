"""A real worker on a database of its own, shared by the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as django_settings

from tasks import services
from tasks.models import Process, ProcessStep
from tests.databases import clone_database
from tests.system import System, wait_until

SETTLED = ("suspended", "waiting", "awaiting_callback", "aborted", "failed", "api_unavailable", "inconsistent_data",
           "completed")  # fmt: skip


class Bench:
    """Starts processes on the system's database and waits for what its worker makes of them."""

    def __init__(self, system: System, folder: Path) -> None:
        self.system = system
        self.folder = folder
        self.trace_file = folder / "trace"
        system.env["TRACE"] = str(self.trace_file)

    def start(self, name: str, **inputs: Any) -> UUID:
        """Start a process with one page of inputs."""
        return services.start_process(name, [inputs])

    def settled(self, process_id: UUID, timeout: float = 20) -> Process:
        """Return the process once it has ended or stopped."""
        return wait_until(
            lambda: Process.objects.filter(pk=process_id, status__in=SETTLED).select_related("workflow").first(),
            timeout,
        )

    def run(self, name: str, **inputs: Any) -> Process:
        """Start a process and wait until it has ended or stopped."""
        return self.settled(self.start(name, **inputs))

    def rows(self, process_id: UUID) -> list[tuple[str, str]]:
        """Name and status of the recorded steps, in order."""
        return list(ProcessStep.objects.filter(process_id=process_id, parent=None).values_list("name", "status"))

    def state(self, process_id: UUID) -> dict[str, Any]:
        """The state after the last recorded step."""
        last = ProcessStep.objects.filter(process_id=process_id, parent=None).last()
        assert last is not None
        return dict(last.state)

    def traced(self) -> list[str]:
        """The words that steps have traced so far."""
        return self.trace_file.read_text().split("\n")[:-1] if self.trace_file.exists() else []

    def file(self, name: str) -> Path:
        """A path of its own in the test's folder."""
        return self.folder / name


@pytest.fixture(scope="module")
def system(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Like the function-scoped fixture of the same name, for a whole module."""
    from django.db import connections

    connections.close_all()
    name = clone_database()
    at_home = django_settings.DATABASES["default"]["NAME"]
    connections["default"].settings_dict["NAME"] = name
    system = System(name, tmp_path_factory.mktemp("system"))
    try:
        with django_db_blocker.unblock():
            yield system
    finally:
        system.close()
        connections.close_all()
        connections["default"].settings_dict["NAME"] = at_home


@pytest.fixture(scope="module")
def working(system: System, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The system with a worker that runs."""
    bench = Bench(system, tmp_path_factory.mktemp("files"))
    system.worker("--concurrency", "4")
    return bench


@pytest.fixture
def bench(working: Bench, tmp_path: Path) -> Bench:
    """The running system, with a fresh folder and a trace that begins now."""
    working.folder = tmp_path
    working.trace_file.unlink(missing_ok=True)
    return working
