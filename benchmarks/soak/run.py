"""One soak, from the first process to the verdict."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import Counter
from pathlib import Path

from benchmarks import report
from benchmarks.figures import table
from benchmarks.soak import checks
from benchmarks.soak.crew import SCHEDULERS, WORKERS, Crew, Faults
from benchmarks.soak.load import Load, at_rest, make_schedules
from benchmarks.stand import make_token, stand, start_web
from tests.system import System

CLIENTS = 3
QUIET = 90.0
SHORT = 120.0
"""Seconds below which a soak shows that nothing is lost, but not how soon: what a lease protects is lost at once."""


def run(*, seconds: float, seed: int | None, write: bool) -> int:
    """Soak for so many seconds and report; return 1 when a guarantee is violated."""
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    before = report.conditions()
    print(f"Soak of {seconds:.0f} s, seed {seed}", flush=True)
    with stand() as system:
        system.env["TRACE"] = str(system.folder / "trace")
        text, held = _soak(system, seconds, seed)
        if not held:
            text += f"\n\nWhat the processes wrote is in `{_kept(system)}`."
    print(text)
    if write:
        report.write("soak", f"{before}\n\n`bin/bench soak --minutes {seconds / 60:g} --seed {seed}`\n\n{text}")
    return 0 if held else 1


def _soak(system: System, seconds: float, seed: int) -> tuple[str, bool]:
    from tasks.sweeper import sweep

    crew = Crew(system, start_web)
    _, restless = make_schedules(steady=12, restless=6)
    token = make_token()
    short = seconds < SHORT
    pause = (0.5, 4.0) if short else (1.0, 15.0)
    faults = Faults(system, crew, random.Random(seed), pause=pause)
    clients = [Load(system, token, random.Random(seed + 1 + number), [str(key) for key in restless])
               for number in range(CLIENTS)]  # fmt: skip
    begun = time.monotonic()
    faults.start()
    for client in clients:
        client.start()
    while time.monotonic() - begun < seconds and not any(each.failure for each in [faults, *clients]):
        crew.tend()
        time.sleep(0.5)
    for client in clients:
        client.end()
    faults.end()
    _pause_all()
    if short:
        system.expire_leases()

    def tend() -> None:
        crew.tend()
        if short:
            sweep()

    with at_rest(system, tend, QUIET) as quiet:
        crew.stop()
    trouble = [repr(each.failure) for each in [faults, *clients] if each.failure]
    found = checks.violations(system, Path(system.env["TRACE"]), set().union(*(client.accepted for client in clients)))
    text = _report(system, faults, crew, sum((client.did for client in clients), Counter()), quiet)
    for name, rows in found.items():
        text += f"\n\n**Violated**: {name}; such as\n\n"
        text += "\n".join(f"    {row}" for row in rows)
    for each in trouble:
        text += f"\n\n**The soak itself failed**: {each}"
    if not found and not trouble:
        text += f"\n\n**0 violations** of {len(checks.CHECKS)} checks."
    return text, not found and not trouble


def _kept(system: System) -> Path:
    """Copy the logs to where they survive the soak, and return where."""
    folder = Path(os.environ["ORCHESTRATOR_DATA_DIR"]) / "soak-logs"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(system.folder, folder)
    return folder


def _pause_all() -> None:
    """Let nothing more fall due. A database that is just coming back is waited for."""
    from django.db import InterfaceError, OperationalError, connection

    from schedules.models import Schedule
    from schedules.services import bulk_pause

    for _ in range(100):
        try:
            bulk_pause(
                list(Schedule.objects.filter(enabled=True).values_list("id", flat=True)), user=None, reason="end"
            )
            return
        except (OperationalError, InterfaceError):
            connection.close()
            time.sleep(0.2)
    raise TimeoutError("The database does not come back.")


def _report(system: System, faults: Faults, crew: Crew, did: Counter[str], quiet: float) -> str:
    by_status = system.sql("SELECT status, count(*)::text FROM tasks_process GROUP BY 1 ORDER BY 1")
    by_outcome = system.sql(
        "SELECT outcome || CASE WHEN reason = '' THEN '' ELSE ' (' || reason || ')' END, count(*)::text "
        "FROM schedules_occurrence GROUP BY 1 ORDER BY 1"
    )
    steps = system.sql("SELECT count(*) FROM tasks_processstep")[0][0]
    rows = [
        ["faults", _listed(faults.made)],
        ["started again", _listed(crew.restarted)],
        ["clients did", _listed(did)],
        ["processes", ", ".join(f"{name} {count}" for name, count in by_status)],
        ["recorded steps", f"{steps:,}"],
        ["occurrences", ", ".join(f"{name} {count}" for name, count in by_outcome)],
        ["quiet after the last fault", f"{quiet:.1f} s"],
    ]
    head = f"{sum(faults.made.values())} faults; web, {WORKERS} workers and {SCHEDULERS} schedulers on one database."
    return f"{head}\n\n{table(['what', 'how often'], rows)}"


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "nothing"
