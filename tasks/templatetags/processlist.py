"""Cells of the list of processes, as tags: they return safe HTML built from escaped values.

Made here and not in a template: a page shows fifty rows, and each node of a template costs for each of them.
"""

from __future__ import annotations

from html import escape

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from orchestrator_admin.addresses import address_of
from orchestrator_admin.templatetags import marks, times
from tasks.models import Process, ProcessStatus

register = template.Library()


@register.simple_tag
def process_cells(process: Process, title: str) -> SafeString:
    """Show the row of a process: the box that selects it, what ran, how it went, when, by whom, and how long."""
    key = str(process.pk)
    person = process.created_by.get_username() if process.created_by else ""
    step = process.current_step if process.status == ProcessStatus.RUNNING else ""
    by = escape(person or process.started_as or _("the system"))
    return SafeString(
        f'<td class="check"><input type="checkbox" name="selected" value="{key}" id="s-{key}" '
        f'aria-labelledby="p-{key} i-{key}"></td>'
        f'<td class="main"><a class="title" id="p-{key}" href="{escape(address_of("tasks:process", key))}">'
        f'{escape(title)}</a> <span class="mono quiet" id="i-{key}">{key[-8:]}</span>'
        f"{_below(process.failed_reason or process.note, 'sub clamp')}</td>"
        f"<td>{marks.status(process.status, process.get_status_display())}{_below(step, 'sub')}</td>"
        f"<td>{times.when_exactly(process.started_at)}</td>"
        f'<td class="wide">{by}{by_what(process)}</td>'
        f'<td class="num">{escape(times.duration(process.duration))}</td>'
    )


@register.simple_tag
def by_what(process: Process) -> SafeString:
    """Show through what a process was started: of a schedule its name, where `with_schedule_names` found it."""
    origin, name = escape(process.get_origin_display()), getattr(process, "schedule_name", None)
    if name:
        address = escape(address_of("schedules:detail", str(process.schedule_id)))
        origin = f'{origin} · <a class="plain-link" href="{address}" hx-disable>{escape(name)}</a>'
    return SafeString(f'<span class="sub">{origin}</span>')


def _below(text: str, kind: str) -> str:
    """A second line; what people or tasks wrote holds nothing for htmx to act on."""
    return f'<span class="{kind}" hx-disable>{escape(text)}</span>' if text else ""
