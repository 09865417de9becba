"""The dashboard's picture of a day: what ran as bars by length and status, what will run as ticks.

Told apart without colour: a failed run stands taller and carries a cross, a running one is hollow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape

from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from orchestrator_admin.words import Clock, duration
from schedules.models import Schedule
from schedules.views.due import sentence_of, times_before
from tasks.models import FAILURES, TERMINAL, Process, ProcessStatus
from tasks.registry import Labels

WIDTH, AXIS = 1200, 50.0
BACK, AHEAD = timedelta(hours=16), timedelta(hours=8)
SLICES = 96
SLICE = (BACK + AHEAD) / SLICES
SINGLE_BARS = 300
LANES, LANE = 4, 10
SMALLEST = 4.0
HOURS_BETWEEN = 2
EDGE = 20  # half of what a label takes
TICKS = 8  # of one schedule: what is due more often than every hour is a line
DRAWN_WHOLE = 25  # schedules; of those after them only the next due time is drawn


@dataclass
class Bar:
    """One run, or, where there are too many to tell apart, all runs of a few minutes with one outcome."""

    x: float
    width: float
    y: float
    height: float
    kind: str
    title: str


@dataclass
class Timeline:
    """Everything that the picture draws, in its own coordinates."""

    begin: datetime
    end: datetime
    now: float
    bars: list[Bar] = field(default_factory=list)
    ticks: list[tuple[float, str]] = field(default_factory=list)
    often: list[tuple[float, float, str]] = field(default_factory=list)
    hours: list[tuple[float, str, str]] = field(default_factory=list)
    total: int = 0
    failed: int = 0
    coming: int = 0


def timeline(processes: QuerySet[Process], coming: Sequence[Schedule], now: datetime) -> Timeline:
    """Return the picture around `now`; `coming` are schedules with their next due time. One query, or two."""
    begin, end = now - BACK, now + AHEAD
    picture = Timeline(begin, end, _x(now, begin))
    recent = processes.filter(started_at__gte=begin)
    counts = _counted(picture, recent)
    if sum(counts.values()) <= SINGLE_BARS:
        _draw_runs(picture, recent, now)
    else:
        _draw_counts(picture, counts)
    due = [schedule for schedule in coming if schedule.next_due_at and now <= schedule.next_due_at < end]
    clock = Clock(now)
    for number, schedule in enumerate(due):
        _draw_coming(picture, schedule, clock, whole=number < DRAWN_WHOLE)
    picture.coming = len(due)
    picture.hours = _hours(begin, end)
    return picture


def _draw_coming(picture: Timeline, schedule: Schedule, clock: Clock, *, whole: bool) -> None:
    """Draw the schedule's due times as ticks; where they are more than `TICKS`, as one line under the others.

    Not `whole`: the next one only, which needs no computing.
    """
    following: Sequence[datetime | None] = [schedule.next_due_at]
    if whole:
        following = times_before(schedule, picture.end, TICKS + 1)
    times = [at for at in following if at is not None]
    if len(times) > TICKS:
        x = _x(times[0], picture.begin)
        picture.often.append((x, WIDTH - x, f"{schedule.name}: {sentence_of(schedule)}"))
        times = times[:1]
    picture.ticks += [(_x(at, picture.begin), f"{clock.say(at)} {schedule.name}") for at in times]


def _draw_runs(picture: Timeline, recent: QuerySet[Process], now: datetime) -> None:
    lanes, clock, labels = [0.0] * LANES, Clock(now), Labels()
    runs = recent.order_by("started_at").values_list(
        "status", "started_at", "first_run_at", "completed_at", "last_modified_at", "workflow__name"
    )
    for status, accepted, first_run, completed, modified, name in runs:
        start = first_run or accepted
        kind = _kind(status)
        stop = now if kind == "going" else completed or modified
        x = _x(start, picture.begin)
        width = max(_x(stop, picture.begin) - x, SMALLEST)
        lane = next((i for i, free_from in enumerate(lanes) if free_from <= x), 0)
        lanes[lane] = x + width + 1
        title = f"{labels.label(name)}, {ProcessStatus(status).label}, {clock.say(start)}, {duration(stop - start)}"
        picture.bars.append(Bar(x, width, lane * LANE, LANE - 3 if kind != "failed" else LANE - 1, kind, title))
        picture.total += 1
        picture.failed += kind == "failed"


def _counted(picture: Timeline, recent: QuerySet[Process]) -> dict[tuple[int, str], int]:
    """Return how many ran, by slice of the day and kind."""
    counted = (
        recent.order_by()
        .extra(
            select={"slice": "floor(extract(epoch FROM started_at - %s) / %s)::int"},
            select_params=[picture.begin, SLICE.total_seconds()],
        )
        .values_list("slice", "status")
        .annotate(Count("pk"))
    )
    sums: dict[tuple[int, str], int] = {}
    for slice_number, status, count in counted:
        key = (slice_number, _kind(status))
        sums[key] = sums.get(key, 0) + count
    return sums


def _draw_counts(picture: Timeline, sums: dict[tuple[int, str], int]) -> None:
    """Draw how many ran, in slices of the day, the failed ones on top of the others."""
    clock = Clock()
    highest = max((sum(v for (s, _k), v in sums.items() if s == n) for n in {s for s, _k in sums}), default=1)
    full = LANES * LANE - 2
    for number in sorted({slice_number for slice_number, _kind_ in sums}):
        y = 0.0
        for kind in ("good", "quiet", "going", "failed"):
            count = sums.get((number, kind), 0)
            if count:
                height = max(count / highest * full, 2.0)
                title = f"{clock.say(picture.begin + SLICE * number)}: {count}"
                width = WIDTH / SLICES - 1
                picture.bars.append(Bar(number * WIDTH / SLICES, width, y, height, kind, title))
                y += height
                picture.total += count
                picture.failed += count * (kind == "failed")


def summary(picture: Timeline) -> str:
    """Return the picture in words, for those who do not see it."""
    runs = ngettext("%(count)d run", "%(count)d runs", picture.total) % {"count": picture.total}
    failed = ngettext("%(count)d failed", "%(count)d failed", picture.failed) % {"count": picture.failed}
    coming = ngettext("%(count)d schedule due", "%(count)d schedules due", picture.coming) % {"count": picture.coming}
    return f"{runs}, {failed}, {coming}"


def drawing(picture: Timeline) -> SafeString:
    """Return the inside of the SVG. Built here and not in a template: a busy day has hundreds of bars."""
    bars = "".join(
        f'<g class="bar-{bar.kind}"><title>{escape(bar.title)}</title><rect x="{bar.x:.1f}" '
        f'y="{AXIS - bar.y - bar.height:.1f}" width="{bar.width:.1f}" height="{bar.height:.1f}" rx="1.5"/>'
        f"{_cross(bar)}</g>"
        for bar in picture.bars
    )
    ticks = "".join(
        f'<path class="tick" d="M{x:.1f} 38v12"><title>{escape(title)}</title></path>' for x, title in picture.ticks
    )
    often = format_html_join(
        "",
        '<rect class="often" x="{}" y="46.5" width="{}" height="3"><title>{}</title></rect>',
        ((f"{x:.1f}", f"{width:.1f}", title) for x, width, title in picture.often),
    )
    hours = format_html_join(
        "", '<text x="{}" y="66"{}>{}</text>', ((f"{x:.1f}", edge, text) for x, text, edge in picture.hours)
    )
    frame = '<path class="axis" d="M0 51h{}"/><path class="now" d="M{} 6v50"/>'
    return SafeString(f"{bars}{often}{ticks}{format_html(frame, WIDTH, f'{picture.now:.1f}')}{hours}")


def _cross(bar: Bar) -> str:
    """Return the cross of a failed run, right above its bar."""
    if bar.kind != "failed":
        return ""
    x, y = bar.x + bar.width / 2, AXIS - bar.y - bar.height - 8
    return f'<path d="M{x:.1f} {y:.1f}m-3 .5 6 6m0-6-6 6"/>'


def _kind(status: str) -> str:
    if status in FAILURES:
        return "failed"
    if status == ProcessStatus.COMPLETED:
        return "good"
    return "quiet" if status in TERMINAL else "going"


def _hours(begin: datetime, end: datetime) -> list[tuple[float, str, str]]:
    """Return the full hours to be written below the axis, in the viewer's zone; at an edge they stand inside of it."""
    hour = timezone.localtime(begin).replace(minute=0, second=0, microsecond=0)
    marks: list[tuple[float, str, str]] = []
    while hour < end:
        local = timezone.localtime(hour)
        if hour >= begin and local.hour % HOURS_BETWEEN == 0:
            x = _x(hour, begin)
            edge = ' class="first"' if x < EDGE else ' class="last"' if x > WIDTH - EDGE else ""
            marks.append((x, f"{local:%H:%M}", SafeString(edge)))
        hour = timezone.localtime(hour + timedelta(hours=1))
    return marks


def _x(moment: datetime, begin: datetime) -> float:
    return (moment - begin) / (BACK + AHEAD) * WIDTH
