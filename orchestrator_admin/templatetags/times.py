"""Moments and lengths of time, in the viewer's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import escape

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from orchestrator_admin import words

register = template.Library()


@register.simple_tag
def when(moment: datetime | None, empty: str = "") -> SafeString | str:
    """Show a moment to the minute in the viewer's zone; its title gives seconds, zone and UTC."""
    if moment is None:
        return empty
    return _said(moment, words.Clock())


@register.simple_tag
def when_inside(moment: datetime | None, empty: str = "") -> SafeString | str:
    """Show a moment inside a sentence: "until tomorrow 01:00"."""
    if moment is None:
        return empty
    return _said(moment, words.Clock(inside=True))


@register.simple_tag
def when_exactly(moment: datetime | None, empty: str = "") -> SafeString | str:
    """Show a moment to the second: for runs, which are told apart by it."""
    if moment is None:
        return empty
    return _said(moment, words.Clock(seconds=True))


@register.simple_tag
def when_due(moment: datetime | None, empty: str = "") -> SafeString | str:
    """Show a due time: to the second only where it does not fall on a full minute."""
    if moment is None:
        return empty
    return _said(moment, words.Clock(seconds=moment.second != 0))


@register.simple_tag
def ago(moment: datetime | None, empty: str = "") -> SafeString | str:
    """Show how far a moment is away: "in 3 min", "2 h ago". The page's script keeps it true."""
    if moment is None:
        return empty
    return _time(moment, words.relative(moment), words.exact(moment), "ago")


def _said(moment: datetime, clock: words.Clock) -> SafeString:
    return _time(moment, clock.say(moment), clock.exact(moment))


def _time(moment: datetime, text: str, exactly: str, kind: str = "when") -> SafeString:
    stamp = moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    title, shown = escape(exactly), escape(text)
    # Put together by hand, from escaped parts: a list shows a hundred times.
    return SafeString(f'<time class="{kind}" datetime="{stamp}" title="{title}">{shown}</time>')


@register.simple_tag
def duration(span: timedelta | None, empty: str = "") -> str:
    """Show a length of time."""
    return words.duration(span) or empty


@register.filter
def clock(moment: datetime | None) -> str:
    """Return a moment as text, for titles and labels."""
    return words.clock(moment) if moment else ""


@register.filter
def log_time(moment: datetime) -> str:
    """Return the time of a log line to the millisecond, in the viewer's zone."""
    return f"{timezone.localtime(moment):%H:%M:%S.%f}"[:-3]


@register.filter
def milliseconds(span: timedelta | None) -> int:
    """Return a length of time as a number, for the script that lets it run on."""
    return round(span.total_seconds() * 1000) if span else 0
