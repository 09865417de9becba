"""A figure that was measured, and the table of them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """What was measured of whom, in which unit, each time that it was; `goal` is a bound for our own."""

    name: str
    system: str
    unit: str
    values: Sequence[float]
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.at_most is not None:
            return self.median <= self.at_most
        return None if self.at_least is None else self.median >= self.at_least

    @property
    def row(self) -> list[str]:
        spread = f"{short(min(self.values))} … {short(max(self.values))}" if len(self.values) > 1 else ""
        goal = ""
        if self.at_most is not None:
            goal = f"≤ {short(self.at_most)}"
        if self.at_least is not None:
            goal = f"≥ {short(self.at_least)}"
        verdict = {True: "met", False: "**missed**", None: ""}[self.met]
        return [self.name, self.system, f"{short(self.median)} {self.unit}".strip(), spread, goal, verdict, self.note]


OURS = "Orchestrator Admin"
HEAD = ["figure", "system", "median", "spread", "goal", "", "note"]


def short(value: float) -> str:
    """Three digits are enough."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def percentile(values: Sequence[float], percent: int) -> float:
    """The value below which `percent` per cent of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with even columns."""
    widths = [max(len(row[index]) for row in [head, *rows]) for index in range(len(head))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [head, *rows]]
    lines.insert(1, "-|-".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" if index != 1 else f"|-{line}-|" for index, line in enumerate(lines))


@dataclass
class Notebook:
    """Figures as they come in: each is printed at once."""

    figures: list[Figure] = field(default_factory=list)

    def add(self, figure: Figure) -> Figure:
        self.figures.append(figure)
        name, system, median, spread, goal, verdict, note = figure.row
        print(f"  {system}: {name}: {median}  [{spread}] {goal} {verdict} {note}", flush=True)
        return figure

    def of(self, name: str, system: str) -> Figure | None:
        """A figure that was measured before, in this run."""
        return next((each for each in self.figures if (each.name, each.system) == (name, system)), None)
