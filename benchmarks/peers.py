"""Other systems, measured on the same machine in the same run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, Notebook
from benchmarks.stand import ROOT, stand
from benchmarks.timing import ALL_COMPLETED, LAST_QUEUED
from tests.system import free_port

REFERENCE = "orchestrator-core"
COMPLETED = "processes of three steps completed a second"
SCRIPT = ROOT.parent / "shared" / "bench" / "peer-orchestrator-core"


def measure_reference(notebook: Notebook, *, quick: bool) -> None:
    """Run the reference system's own measurement where it stands beside this checkout."""
    if not SCRIPT.exists():
        print(f"  left out: {SCRIPT.relative_to(ROOT.parent)} is not beside this checkout")
        return
    count = 100 if quick else 1000
    done = subprocess.run([str(SCRIPT), "100" if quick else "500", str(count)], capture_output=True, text=True)
    if done.returncode:
        print(f"  left out: it ended with {done.returncode}: {done.stderr[-500:]}")
    for line in done.stdout.splitlines():
        _take(notebook, json.loads(line), count)


def _take(notebook: Notebook, found: dict[str, object], count: int) -> None:
    name, value, by = str(found["figure"]), float(str(found["value"])), str(found["peer"])
    note = by if count == 1000 else f"{by}, {count} schedules"
    names = {
        "completed processes a second": (COMPLETED, "/s"),
        f"burst of {count}: lag of the last start, s": (LAST_QUEUED, "s"),
        f"burst of {count}: all completed after, s": (ALL_COMPLETED, "s"),
    }
    if name in names:
        title, unit = names[name]
        notebook.add(Figure(title, REFERENCE, unit, [value], note=note))


APSCHEDULER = "APScheduler, SQLAlchemy store"
CELERY = "Celery on Redis, django-celery-beat"
APART = ROOT / "benchmarks" / "apart"
PACKAGES = ["apscheduler==3.11.3", "sqlalchemy==2.0.44", "psycopg[binary]==3.2.13", "celery[redis]==5.5.3",
            "django-celery-beat==2.8.1", "django==5.2.8"]  # fmt: skip


def measure_apscheduler(notebook: Notebook, *, quick: bool) -> None:
    """Let as many jobs fall due together, each of which does nothing: no process, no steps."""
    count = 100 if quick else 1000
    with stand() as system:
        dsn = system.env["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
        found = _run("apscheduler_store.py", [dsn, str(count)], {})
    if found:
        note = f"a function that does nothing, called in the scheduler itself{_of(count)}"
        notebook.add(Figure(LAST_QUEUED, APSCHEDULER, "s", [found["last"]], note=note))


def measure_celery(notebook: Notebook, *, quick: bool) -> None:
    """Measure one worker of eight processes on empty tasks, and as many one-off tasks due together."""
    redis = shutil.which("redis-server")
    if redis is None:
        print("  left out: there is no redis-server here (Debian: apt-get install redis-server)")
        return
    count, port = (100 if quick else 1000), free_port()
    server = subprocess.Popen([redis, "--port", str(port), "--save", ""], stdout=subprocess.DEVNULL)
    try:
        with stand() as system:
            env = {"DATABASE": system.env["DATABASE_URL"], "BROKER": f"redis://127.0.0.1:{port}/0"}
            system.sql("DROP SCHEMA public CASCADE")
            system.sql("CREATE SCHEMA public")
            found = _run("celery_beat.py", [str(count)], env)
    finally:
        server.terminate()
        server.wait()
    if found:
        notebook.add(Figure("empty jobs a second", CELERY, "/s", found["rates"], note="Redis in memory, nothing kept"))
        note = f"tasks that do nothing, begun by the worker{_of(count)}"
        notebook.add(Figure(LAST_QUEUED, CELERY, "s", [found["last"]], note=note))


def _of(count: int) -> str:
    return "" if count == 1000 else f"; {count} of them"


def _run(program: str, arguments: list[str], env: dict[str, str]) -> dict[str, Any] | None:
    """Run a program in the peers' environment and return the JSON that it prints last; None, said why, otherwise."""
    python = _environment()
    if python is None:
        return None
    command = [str(python), str(APART / program), *arguments]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(command, cwd=APART, env={**kept, **env}, capture_output=True, text=True)
    if done.returncode:
        print(f"  left out: {program} ended with {done.returncode}: {done.stderr[-800:]}")
        return None
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _environment() -> Path | None:
    """Make a virtual environment for the peers' packages, once."""
    folder = Path(os.environ["ORCHESTRATOR_DATA_DIR"]) / "peers"
    python, stamp = folder / "bin" / "python", folder / "installed"
    if stamp.exists() and stamp.read_text() == " ".join(PACKAGES):
        return python
    print("  installing the peers' packages", flush=True)
    install = [str(python), "-m", "pip", "install", "-q", *PACKAGES]
    for command in ([sys.executable, "-m", "venv", str(folder)], install):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(f"  left out: {done.stderr[-500:]}")
            return None
    stamp.write_text(" ".join(PACKAGES))
    return python
