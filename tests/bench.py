"""Starts processes on a running system and watches what becomes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from tasks import services
from tasks.models import Process, ProcessStep
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

    def settled(self, process_id: UUID, timeout: float = 60) -> Process:
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
