"""Other systems, measured on the same machine in the same run."""

from __future__ import annotations

import json
import subprocess

from benchmarks.figures import Figure, Notebook
from benchmarks.stand import ROOT
from benchmarks.timing import ALL_COMPLETED, LAST_QUEUED

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


def measure_apscheduler(notebook: Notebook, *, quick: bool) -> None:
    print("  not yet")


def measure_celery(notebook: Notebook, *, quick: bool) -> None:
    print("  not yet")
