"""Asks the ASGI application for pages as uvicorn does, without a network between, and says what the database did."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from orchestrator_admin.threads import Application
from orchestrator_admin.warm import warm_up


class Browser:
    """A web process that nobody else visits. Its requests run in one thread, so that all use one connection."""

    def __init__(self) -> None:
        self.application = Application(pages=1)
        warm_up()

    def get(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        """Return status and body of a page."""
        return asyncio.run(self._get(path, headers))

    async def _get(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        parts = urlsplit(path)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in {"host": "localhost", **headers}.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        asked: list[Any] = [{"type": "http.request", "body": b"", "more_body": False}]
        answered: list[Any] = []

        async def receive() -> Any:
            # After the request a browser says nothing until it goes away, which this one does not.
            return asked.pop() if asked else await asyncio.get_running_loop().create_future()

        async def send(message: Any) -> None:
            answered.append(message)

        await self.application(scope, receive, send)
        return answered[0]["status"], b"".join(message.get("body", b"") for message in answered)


class DatabaseClock:
    """Counts statements, how long this program waits for them, and the CPU time that the database's process takes."""

    def __init__(self) -> None:
        self.reset()
        connection_created.connect(self._listen)

    def reset(self) -> None:
        self.waited_ms, self.count, self._pid, self._cpu_before = 0.0, 0, 0, 0.0

    @property
    def cpu_ms(self) -> float:
        """Milliseconds that the database's process has had a processor since the first statement."""
        return _cpu_ms(self._pid) - self._cpu_before if self._pid else 0.0

    def _listen(self, connection: BaseDatabaseWrapper, **_: Any) -> None:
        if self not in connection.execute_wrappers:
            connection.execute_wrappers.append(self)

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        if not self._pid:
            self._pid = context["connection"].connection.info.backend_pid
            self._cpu_before = _cpu_ms(self._pid)
        begun = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.waited_ms += (time.perf_counter() - begun) * 1000
            self.count += 1


def _cpu_ms(pid: int) -> float:
    """CPU time of a process on this machine, where the benchmark's database runs."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6
