"""The table. What is measured is kept below the data directory, so that one part can be measured again by itself."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import peers, report, throughput, timing, upkeep
from benchmarks.figures import HEAD, OURS, Figure, Notebook, table

Kept = dict[str, dict[str, Any]]


def compare(parts: Sequence[str], *, rounds: int, quick: bool, write: bool) -> int:
    """Measure these parts and print the table; with `write`, also into docs/benchmarks.md. Returns an exit code."""
    rounds = 1 if quick else rounds
    work: dict[str, Callable[[Notebook], None]] = {
        "throughput": lambda book: throughput.measure(book, count=500 if quick else 1000, rounds=rounds),
        "reference": lambda book: peers.measure_reference(book, quick=quick),
        "celery": lambda book: peers.measure_celery(book, quick=quick),
        "apscheduler": lambda book: peers.measure_apscheduler(book, quick=quick),
        "bursts": lambda book: timing.measure_bursts(book, count=100 if quick else 1000, rounds=rounds),
        "lags": lambda book: timing.measure_lags(
            book, seconds=10 if quick else 30, samples=10 if quick else 40, rounds=rounds
        ),
        "statements": lambda book: upkeep.count_statements(book),
        "firing": lambda book: upkeep.measure_firing(
            book, idle=2000 if quick else 100_000, seconds=5 if quick else 15, rounds=rounds
        ),
        "idle": lambda book: upkeep.measure_idle(book, seconds=5 if quick else 30, rounds=rounds),
    }
    kept: Kept = {} if quick else _read()
    for part in parts:
        print(f"{part}:", flush=True)
        notebook, load = Notebook(), f"{os.getloadavg()[0]:.1f}"
        work[part](notebook)
        kept[part] = {"load": load, "figures": [asdict(figure) for figure in notebook.figures]}
        rows = [
            [*figure.row, str(entry["load"])]
            for name in work
            if (entry := kept.get(name))
            for figure in _figures(entry)
        ]
        rows += [[*figure.row, ""] for figure in _against_reference(kept)]
        text = f"{report.conditions()}\n\n{table([*HEAD, 'load before'], rows)}"
        if not quick:
            _file().write_text(json.dumps(kept))
        if write and not quick:
            report.write("table", text)
    print(f"\n{text}")
    return 0


def _figures(entry: dict[str, Any]) -> list[Figure]:
    return [Figure(**values) for values in entry["figures"]]


def _against_reference(kept: Kept) -> list[Figure]:
    """How much more we complete than the reference system, when both were measured."""
    book = Notebook([figure for entry in kept.values() for figure in _figures(entry)])
    ours = book.of(throughput.ACCEPTED, f"{OURS}, 1 worker")
    theirs = book.of(peers.COMPLETED, peers.REFERENCE)
    if not ours or not theirs:
        return []
    note = "both started one by one, until the last one is completed; ten times is what we are after"
    factor = [ours.median / theirs.median]
    return [Figure("completed a second, against the reference system", OURS, "times", factor, at_least=5, note=note)]


def _file() -> Path:
    return Path(os.environ["ORCHESTRATOR_DATA_DIR"]) / "figures.json"


def _read() -> Kept:
    return dict(json.loads(_file().read_text())) if _file().exists() else {}
