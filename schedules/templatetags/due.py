"""Due times in a zone of their own choice: pages show the same moment in the schedule's zone, the viewer's and UTC."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def due_time(at: datetime, zone: str) -> SafeString:
    """Show "Wed 25 Nov, 01:30" as clocks in `zone` show it; the year where it is not this one."""
    local = at.astimezone(ZoneInfo(zone))
    this_year = timezone.now().astimezone(ZoneInfo(zone)).year
    pattern = "D j M" if local.year == this_year else "D j M Y"
    return _time(at, f"{date_format(local, pattern)}, {_clock(local)}")


@register.simple_tag
def due_clock(at: datetime, zone: str, beside: str) -> SafeString:
    """Show the time of day in `zone`, and the day only where it is another one than in the zone `beside`."""
    local = at.astimezone(ZoneInfo(zone))
    same_day = local.date() == at.astimezone(ZoneInfo(beside)).date()
    return _time(at, _clock(local) if same_day else f"{date_format(local, 'D')} {_clock(local)}")


@register.simple_tag
def clock(at: datetime) -> SafeString:
    """Show the time of day in the viewer's zone, under a heading that says the day."""
    return _time(at, _clock(timezone.localtime(at)))


def _clock(local: datetime) -> str:
    return date_format(local, "H:i:s" if local.second else "H:i")


def _time(at: datetime, text: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), text)
