"""The rows of the Tasks page: each task with its last ten runs and its next one, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import Action, may
from orchestrator_admin import shapes, words
from tasks import inputs
from tasks.exceptions import TaskError
from tasks.models import FAILURES, QUEUED, Process, ProcessStatus, Workflow, span_of_work
from tasks.registry import get_workflow, labels
from tasks.views import neighbours

LAST_RUNS = 10
NONE = neighbours.Outlook()


@dataclass(frozen=True)
class Run:
    """A past or present run, as far as a mark or a line shows it."""

    process_id: str
    status: ProcessStatus
    started_at: datetime
    duration: timedelta | None = None

    @property
    def label(self) -> str:
        return str(self.status.label)

    @property
    def running(self) -> bool:
        """Whether it runs or is about to; one that is suspended or waits does not."""
        return self.status in (ProcessStatus.RUNNING, *QUEUED)


@dataclass(frozen=True)
class TaskRow:
    """One task. `why_not` says why the viewer cannot start it, and is empty when they can.

    `looked_at` is when a function that may start it last ran.
    """

    name: str
    title: str
    description: str
    target: str
    why_not: str
    has_form: bool
    next_run: datetime | None = None
    looked_at: datetime | None = None
    runs: list[Run] = field(default_factory=list)

    @property
    def says(self) -> str:
        """The description, where it says more than the title does."""
        return self.description if _plain(self.description) != _plain(self.title) else ""

    @property
    def last(self) -> Run | None:
        return self.runs[-1] if self.runs else None

    @property
    def usual(self) -> timedelta | None:
        """Median duration of the completed ones among the last runs."""
        return usual_span(run.duration for run in self.runs if run.status == ProcessStatus.COMPLETED)

    @property
    def failed_last(self) -> bool:
        return self.last is not None and self.last.status in FAILURES

    @property
    def running(self) -> bool:
        return any(run.running for run in self.runs)


def _plain(text: str) -> str:
    return text.strip().rstrip(".").casefold()


def usual_span(spans: Iterable[timedelta | None]) -> timedelta | None:
    """Return the median of the lengths that are known."""
    seconds = [span.total_seconds() for span in spans if span is not None]
    return timedelta(seconds=median(seconds)) if seconds else None


def last_runs(workflows: Collection[Workflow]) -> dict[UUID, list[Run]]:
    """Return the last runs of each workflow, oldest first. One query.

    The order names the workflow, though it is the same for all: so the index of its runs is the only short way.
    Without, PostgreSQL plans for a workflow of average use, and may walk all processes there are to find that one has
    none. By hand, since making sixty querysets takes longer than reading their rows.
    """
    found: dict[UUID, list[Run]] = {workflow.pk: [] for workflow in workflows}
    with connection.cursor() as cursor:
        cursor.execute(LAST_RUNS_SQL, [list(found), LAST_RUNS])
        for workflow_id, process_id, status, *moments, worked in cursor.fetchall():
            accepted, began, ended = map(_moment, moments)
            took = span_of_work(status, worked, began, ended)
            found[workflow_id].append(Run(str(process_id), ProcessStatus(status), accepted, took))
    for runs in found.values():
        runs.reverse()
    return found


# Moments come as seconds since 1970: made into a datetime from those in a tenth of the time that its text takes.
# How long a run worked is asked for as in `worked.py`.
LAST_RUNS_SQL = """
    SELECT workflow_id, process_id, status, extract(epoch FROM started_at)::float8,
           extract(epoch FROM first_run_at)::float8, extract(epoch FROM completed_at)::float8,
           (SELECT sum(step.completed_at - step.started_at) FROM tasks_processstep AS step
            WHERE step.process_id = last.process_id AND step.parent_id IS NULL)
    FROM unnest(%s::uuid[]) AS wanted (id) CROSS JOIN LATERAL (
        SELECT workflow_id, process_id, status, started_at, first_run_at, completed_at FROM tasks_process
        WHERE workflow_id = wanted.id ORDER BY workflow_id, started_at DESC LIMIT %s
    ) AS last
"""


def _moment(seconds: float | None) -> Any:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def task_rows(workflows: QuerySet[Workflow], user: User, *, with_next: bool = True) -> list[TaskRow]:
    """Return the rows of `workflows` by title. Four queries; two where the next runs are not shown."""
    found = list(workflows)
    runs = last_runs(found)
    coming = neighbours.outlooks([workflow.name for workflow in found]) if with_next else {}
    titles = labels(workflow.name for workflow in found)
    rows = [_row(each, titles[each.name], user, coming.get(each.name, NONE), runs[each.pk]) for each in found]
    return sorted(rows, key=lambda row: row.title.casefold())


def _row(workflow: Workflow, title: str, user: User, coming: neighbours.Outlook, runs: list[Run]) -> TaskRow:
    has_form, broken = form_of(workflow.name)
    return TaskRow(
        name=workflow.name,
        title=title,
        description=workflow.description,
        target=workflow.get_target_display(),
        why_not=broken or why_not_start(workflow.name, user),
        has_form=has_form,
        next_run=coming.next_run,
        looked_at=coming.looked_at,
        runs=runs,
    )


def form_of(name: str) -> tuple[bool, str]:
    """Return whether the workflow asks for inputs, and why its code cannot be used, if so."""
    try:
        return inputs.has_form(get_workflow(name).initial_input_form), ""
    except TaskError as error:
        return False, str(error)


def why_not_start(name: str, user: User) -> str:
    """Return why the viewer may not start the workflow, or nothing."""
    if may(user, Action.START, name):
        return ""
    return _("You may see this task but not start it. An administrator can give you the role “operator”.")


def runs_of(processes: Iterable[Process]) -> list[Run]:
    """Return processes as marks show them, oldest first."""
    return [Run(str(p.pk), ProcessStatus(p.status), p.started_at, p.duration) for p in reversed(list(processes))]


def trend(runs: list[Run]) -> list[dict[str, Any]]:
    """Return the bars of a small picture of durations, oldest first; the longest fills its height of 24."""
    timed = [(run, run.duration.total_seconds()) for run in runs if run.duration is not None]
    longest = max((seconds for _run, seconds in timed), default=0) or 1
    return [
        {
            "x": index * 6,
            "y": 24 - max(seconds / longest * 24, 2),
            "height": max(seconds / longest * 24, 2),
            "tone": shapes.of(run.status).tone,
            "title": f"{words.clock(run.started_at)}: {words.duration(run.duration)}, {run.label}",
        }
        for index, (run, seconds) in enumerate(timed)
    ]
