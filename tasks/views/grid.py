"""A task's runs beside each other: a grid of the last ones, and each step's duration beside that of the run before.

The grid has a row for each step, a column for each run and a mark where they meet: so it is seen at a glance since when
a step fails, and whether it always does. What is read is bounded: of the last runs, and of the first steps of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.urls import reverse

from orchestrator_admin import words
from tasks.models import Process, ProcessStatus, ProcessStep, StepStatus
from tasks.statuses import FINISHED_STEP
from tasks.views.timeline import StepRow

RUNS = 20
STEPS = 60
MOST_COMPARED = 1_000


@dataclass(frozen=True)
class Cell:
    """What became of one step in one run; `title` says it with its duration. Nothing where it was not reached."""

    status: str = ""
    label: str = ""
    title: str = ""
    address: str = ""


@dataclass(frozen=True)
class Column:
    """One run: its status and when it was accepted, and where it is shown."""

    status: str
    label: str
    title: str
    address: str


@dataclass
class Grid:
    """Columns with the oldest run first, and each step with its cells in that order. `more`: not all steps fit."""

    columns: list[Column]
    rows: list[tuple[str, list[Cell]]] = field(default_factory=list)
    more: bool = False


def grid(newest_first: Sequence[Process], planned: Iterable[str]) -> Grid | None:
    """Return the grid of these runs, of which the newest twenty count; None where nothing has run. One query.

    `planned` are the steps as the code has them now: they come first, in their order; then those of older code.
    """
    runs = list(newest_first[:RUNS])[::-1]
    if not runs:
        return None
    places, more = _results(runs)
    names = list(dict.fromkeys([*_numbered(planned), *(place for run in places.values() for place in run)]))
    clock = words.Clock(seconds=True)
    made = Grid([_column(run, clock) for run in runs], more=more or len(names) > STEPS)
    for name, number in names[:STEPS]:
        cells = [places[run.pk].get((name, number)) or _running(run, name) for run in runs]
        made.rows.append((name, cells))
    return made


def _numbered(names: Iterable[str]) -> list[tuple[str, int]]:
    """Return names with how often they came before: a workflow may have a step twice."""
    seen: dict[str, int] = {}
    places = []
    for name in names:
        places.append((name, seen.get(name, 0)))
        seen[name] = seen.get(name, 0) + 1
    return places


def _results(runs: list[Process]) -> tuple[dict[UUID, dict[tuple[str, int], Cell]], bool]:
    """Return, by run, what became of each step in the end; and whether there were more steps than are looked at."""
    rows = ProcessStep.objects.filter(process__in=[run.pk for run in runs], parent=None, position__lte=STEPS)
    columns = ("process_id", "position", "id", "name", "status", "started_at", "completed_at")
    # A failed attempt has the position of the result that it did not become: the last row of a position counts.
    last: dict[UUID, dict[int, tuple[int, str, str, timedelta]]] = {run.pk: {} for run in runs}
    for process_id, position, pk, name, status, began, ended in rows.order_by("id").values_list(*columns):
        last[process_id][position] = (pk, name, status, ended - began)
    addresses = {run.pk: reverse("tasks:process", args=[run.pk]) for run in runs}
    labels = {status.value: str(status.label) for status in StepStatus}
    places: dict[UUID, dict[tuple[str, int], Cell]] = {}
    for process_id, results in last.items():
        ordered = [results[position] for position in sorted(results)[:STEPS]]
        places[process_id] = {
            place: Cell(
                status,
                labels[status],
                f"{name}: {labels[status]}, {words.duration(took)}",
                f"{addresses[process_id]}?step={pk}#step",
            )
            for place, (pk, name, status, took) in zip(_numbered(row[1] for row in ordered), ordered, strict=True)
        }
    return places, any(len(results) > STEPS for results in last.values())


def _running(run: Process, name: str) -> Cell:
    """Return the cell of a step without a result: it may be what the run is doing now."""
    if run.status != ProcessStatus.RUNNING or run.current_step != name:
        return Cell()
    label = str(ProcessStatus.RUNNING.label)
    return Cell("running", label, f"{name}: {label}", reverse("tasks:process", args=[run.pk]))


def _column(run: Process, clock: words.Clock) -> Column:
    parts = [clock.say(run.started_at), run.get_status_display()]
    if run.duration is not None:
        parts.append(words.duration(run.duration))
    return Column(run.status, run.get_status_display(), ", ".join(parts), reverse("tasks:process", args=[run.pk]))


def compare(process: Process, rows: Sequence[StepRow]) -> UUID | None:
    """Note at each step how long it took in the last completed run of the task before this one; return that run's key.

    Two queries. It is looked for among the latest runs only: a task that has failed for months has none.
    """
    earlier = Process.objects.filter(workflow=process.workflow_id, started_at__lt=process.started_at)
    latest = earlier.order_by("-started_at").values_list("pk", "status")[:RUNS]
    key = next((pk for pk, status in latest if status == ProcessStatus.COMPLETED), None)
    if key is None:
        return None
    done = ProcessStep.objects.filter(process=key, parent=None, status__in=FINISHED_STEP).order_by("id")
    results = list(done.values_list("name", "started_at", "completed_at")[:MOST_COMPARED])
    places = _numbered(name for name, _began, _ended in results)
    took = {place: ended - began for place, (_name, began, ended) in zip(places, results, strict=True)}
    finished: dict[str, int] = {}
    for row in rows:
        row.before = took.get((row.name, finished.get(row.name, 0)))
        finished[row.name] = finished.get(row.name, 0) + (row.status in FINISHED_STEP)
    return key
