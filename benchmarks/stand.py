"""The test stand: a PostgreSQL of its own, fresh databases in it, and the product's processes as operators run them."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from tests.system import Process, System

ROOT = Path(__file__).resolve().parent.parent
USERNAME = "bench"


@contextmanager
def ground() -> Iterator[None]:
    """Set Django up on the benchmark's own cluster (below the data directory) and make the template database."""
    data = Path(os.environ.get("ORCHESTRATOR_DATA_DIR", ROOT / ".data")).absolute() / "bench"
    os.environ |= {
        "ORCHESTRATOR_DATA_DIR": str(data),
        "ORCHESTRATOR_APPS": "benchmarks",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    django.setup()
    from django.conf import settings
    from django.test.utils import setup_databases

    from orchestrator_admin.assets import collect_static_files
    from orchestrator_admin.logging import configure
    from tests import databases

    configure("console", "ERROR", "command")  # of this process only: what is measured logs as usual

    settings.ALLOWED_HOSTS = ["*"]
    collect_static_files()
    databases.drop_databases_of_dead_runs()
    setup_databases(verbosity=0, interactive=False, aliases={"default"}, serialized_aliases=set())
    _register_workflows()
    databases.make_template()
    try:
        yield
    finally:
        databases.drop_databases_of_this_run()


@contextmanager
def stand(*, keep: str = "", **env: str) -> Iterator[System]:
    """Give a system without processes on a fresh database, which the ORM in this process uses as well.

    With `keep` the database has that name, is the one that an earlier run kept, if any, and outlives this one.
    """
    from django.db import connections

    from tests.databases import clone_database, drop_database, kept_database
    from tests.system import System

    connections.close_all()
    at_home = connections["default"].settings_dict["NAME"]
    name = kept_database(keep) if keep else clone_database()
    connections["default"].settings_dict["NAME"] = name
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    system = System(name, folder, ORCHESTRATOR_APPS="benchmarks", ORCHESTRATOR_API_RATE="100000/s", **env)
    try:
        yield system
    finally:
        system.end()
        connections.close_all()
        if not keep:
            drop_database(name)
        connections["default"].settings_dict["NAME"] = at_home
        shutil.rmtree(folder, ignore_errors=True)


def start_web(system: System) -> Process:
    """Start the web process as bin/server does, and wait until it answers."""
    command = [sys.executable, "-m", "orchestrator_admin.web", "--port", str(system.port)]
    process = system.start("web", command, HOST="127.0.0.1")
    system.wait_for(lambda: system.get("/health/", alive=process), 60)
    return process


def start_workers(system: System, count: int = 1, *arguments: str) -> list[Process]:
    """Start workers and wait until all of them are ready."""
    workers = [system.worker(*arguments) for _ in range(count)]
    system.wait_for(lambda: system.sql("SELECT 1 FROM tasks_workerinstance OFFSET %s", count - 1), 60)
    time.sleep(1)  # it beats before it listens for jobs
    return workers


def start_scheduler(system: System) -> Process:
    """Start a scheduler and wait until it is ready."""
    scheduler = system.scheduler()
    system.wait_for(lambda: system.sql("SELECT 1 FROM schedules_schedulerinstance"), 60)
    return scheduler


def make_token() -> str:
    """Make a superuser, unless there is one, and return a new API token of theirs."""
    from accounts.models import User
    from accounts.tokens import create_token

    user = User.objects.filter(username=USERNAME).first() or User.objects.create_superuser(USERNAME)
    return str(create_token(user, name="bench", scopes=[], lifetime=None)[1])


class Ears(threading.Thread):
    """Hears of every process that is created or goes on, at the moment of the commit: id → times heard."""

    def __init__(self, system: System) -> None:
        super().__init__(name="ears", daemon=True)
        from tests.databases import connect

        self.heard: dict[str, list[float]] = {}
        self._connection = connect(system.database)
        self._connection.execute("LISTEN orchestrator_process")
        self._ending = False
        self.start()

    def run(self) -> None:
        while not self._ending:
            for notice in self._connection.notifies(timeout=0.2):
                self.heard.setdefault(notice.payload, []).append(time.time())
        self._connection.close()

    def end(self) -> None:
        self._ending = True
        self.join()


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and its descendants so far."""
    total = 0
    for each in family(pid):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))  # its own, and of children that have ended
    return total / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> int:
    """Bytes of memory of a process and its descendants; what they share is divided among those that share it."""
    total = 0
    for each in family(pid):
        for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    children = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        children += [int(child) for child in task.read_text().split()]
    return [pid, *(each for child in children for each in family(child))]


def postmaster() -> int:
    """Number of the database server's first process."""
    from tests.databases import server

    return int(server().pid_file.read_text().split("\n", 1)[0])


def _register_workflows() -> None:
    """Add the rows that a migration would add for the workflows of the benchmarks."""
    from tasks.models import Workflow
    from tasks.registry import get_workflow, registered

    for name, lazy in registered().items():
        if lazy.registered_in.startswith("benchmarks."):
            workflow = get_workflow(name)
            values: dict[str, Any] = {"target": workflow.target, "description": workflow.description or name}
            Workflow.objects.get_or_create(name=name, defaults=values)
