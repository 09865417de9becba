"""The table: everything measured in one run, on one machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks import peers, report, throughput, timing, upkeep
from benchmarks.figures import HEAD, OURS, Figure, Notebook, table


def compare(parts: Sequence[str], *, quick: bool, write: bool) -> int:
    """Measure these parts and print the table; with `write`, also into docs/benchmarks.md. Returns an exit code."""
    notebook = Notebook()
    before = report.conditions()
    rounds = 1 if quick else 3
    work: dict[str, Callable[[], None]] = {
        "throughput": lambda: throughput.measure(notebook, count=500 if quick else 1000, rounds=rounds),
        "bursts": lambda: timing.measure_bursts(notebook, count=100 if quick else 1000, rounds=1 if quick else 3),
        "lags": lambda: timing.measure_lags(notebook, seconds=10 if quick else 90, samples=10 if quick else 100),
        "idle": lambda: upkeep.measure_idle(notebook, seconds=5 if quick else 60),
        "firing": lambda: upkeep.measure_firing(
            notebook, idle=2000 if quick else 100_000, seconds=5 if quick else 15, rounds=1 if quick else 2
        ),
        "statements": lambda: upkeep.count_statements(notebook),
        "reference": lambda: peers.measure_reference(notebook, quick=quick),
        "apscheduler": lambda: peers.measure_apscheduler(notebook, quick=quick),
        "celery": lambda: peers.measure_celery(notebook, quick=quick),
    }
    for part in parts:
        print(f"{part}:", flush=True)
        work[part]()
    _against_reference(notebook)
    text = table(HEAD, [figure.row for figure in notebook.figures])
    print(f"\n{before}\n{text}")
    if write:
        report.write("table", f"{before}\n\n{text}")
    return 0


def _against_reference(notebook: Notebook) -> None:
    ours = notebook.of(throughput.ACCEPTED, f"{OURS}, 1 worker")
    theirs = notebook.of(peers.COMPLETED, peers.REFERENCE)
    if ours and theirs:
        note = "both started one by one, until the last one is completed; ten times is what we are after"
        factor = [ours.median / theirs.median]
        notebook.add(
            Figure("completed a second, against the reference system", OURS, "times", factor, at_least=5, note=note)
        )
