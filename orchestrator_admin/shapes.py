"""The shape and the tone of every status word there is: of processes, steps, occurrences, schedules and the system."""

from __future__ import annotations

import functools
from typing import NamedTuple

import lucide
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe


class Shape(NamedTuple):
    """A drawing, told apart from the others without colour, and the colour it is shown in."""

    name: str
    tone: str


UNKNOWN = Shape("dot", "quiet")
SHAPES = {
    "completed": Shape("check", "good"),
    "success": Shape("check", "good"),
    "complete": Shape("check", "good"),
    "started": Shape("check", "good"),
    "active": Shape("check", "good"),
    "alive": Shape("check", "good"),
    "failed": Shape("failed", "bad"),
    "dead": Shape("failed", "bad"),
    "parked": Shape("failed", "bad"),
    "api_unavailable": Shape("unplug", "bad"),
    "inconsistent_data": Shape("unequal", "bad"),
    "missed": Shape("missed", "bad"),
    "running": Shape("turning", "busy"),
    "claimed": Shape("turning", "busy"),
    "created": Shape("queued", "quiet"),
    "resumed": Shape("queued", "busy"),
    "waiting": Shape("clock", "warn"),
    "awaiting_callback": Shape("callback", "held"),
    "suspended": Shape("pause", "held"),
    "suspend": Shape("pause", "held"),
    "paused": Shape("pause", "held"),
    "locked": Shape("lock", "warn"),
    "aborted": Shape("ban", "quiet"),
    "abort": Shape("ban", "quiet"),
    "skipped": Shape("skip", "quiet"),
    "removed": Shape("ban", "quiet"),
    "finished": Shape("flag", "quiet"),
    "pending": Shape("queued", "quiet"),
}
# Drawings from lucide by its names; the two below are ours, since at this size they have to be filled.
DRAWN = {
    "check": "check",
    "unplug": "unplug",
    "unequal": "equal-not",
    "missed": "clock-alert",
    "turning": "loader-circle",
    "queued": "circle-dashed",
    "clock": "clock",
    "callback": "phone-incoming",
    "lock": "lock",
    "ban": "ban",
    "skip": "skip-forward",
    "flag": "flag",
    "dot": "circle",
}
OURS = {
    "failed": (
        '<path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" fill="currentColor"/>'
        '<path d="m5.5 5.5 5 5m0-5-5 5" stroke="var(--surface)" stroke-width="1.8" stroke-linecap="round"/>'
    ),
    "pause": (
        '<rect x="3" y="2.5" width="3.6" height="11" rx="1" fill="currentColor"/>'
        '<rect x="9.4" y="2.5" width="3.6" height="11" rx="1" fill="currentColor"/>'
    ),
}


def of(status: str) -> Shape:
    """Return how to draw `status`; a hollow dot for a word that nobody told us."""
    return SHAPES.get(status, UNKNOWN)


@functools.cache
def sprite() -> SafeString:
    """Return one hidden SVG that holds every drawing as a symbol, so that a row only refers to it."""
    symbols = [(name, "0 0 16 16", mark_safe(drawing)) for name, drawing in OURS.items()]  # noqa: S308
    for name, lucide_name in DRAWN.items():
        drawing = lucide._render_icon(lucide_name, None)
        inner = drawing[drawing.index(">") + 1 : drawing.rindex("<")]
        group = (
            '<g fill="none" stroke="currentColor" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round">'
            f"{' '.join(inner.split())}</g>"
        )
        symbols.append((name, "0 0 24 24", mark_safe(group)))  # noqa: S308  from a package
    return format_html(
        '<svg class="shapes" aria-hidden="true">{}</svg>',
        format_html_join("", '<symbol id="shape-{}" viewBox="{}">{}</symbol>', symbols),
    )
