"""The cells of the list of tasks, as tags: they return safe HTML built from escaped values.

Made here and not in templates: the list shows every task there is, and each node of a template costs for each of them.
"""

from __future__ import annotations

from html import escape
from typing import Any

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from orchestrator_admin import words
from orchestrator_admin.addresses import address_of
from orchestrator_admin.templatetags import marks, times
from tasks.views.rows import TaskRow

register = template.Library()


@register.simple_tag
def last_run(row: TaskRow) -> SafeString:
    """Show how the last run of a task ended and when it was accepted, with a link; or when none was called for."""
    last = row.last
    if last is None and row.looked_at:
        looked = escape(_("Looked %(when)s: nothing to do")) % {"when": times.when_inside(row.looked_at)}
        return SafeString(f'<span class="quiet">{looked}</span>')
    if last is None:
        return _quiet(_("Never run"))
    address, shown = escape(address_of("tasks:process", last.process_id)), marks.status(last.status, last.label)
    took = f" · {escape(words.duration(last.duration))}" if last.duration else ""
    return SafeString(
        f'<a class="plain-link" id="last-{escape(row.name)}" href="{address}">{shown}</a> '
        f'<span class="sub">{times.when(last.started_at)}{took}</span>'
    )


@register.simple_tag
def last_ten(row: TaskRow) -> SafeString:
    """Show the last runs of a task as marks, and how long they usually take."""
    runs, usual = marks.marks(row.name, row.runs), row.usual
    if not usual:
        return runs
    said = _("usually %(usual)s") % {"usual": words.duration(usual)}
    return SafeString(f'{runs}<span class="sub">{escape(said)}</span>')


@register.simple_tag
def next_run(row: TaskRow) -> SafeString:
    """Show when a task runs next by its schedules."""
    if row.next_run is None:
        return _quiet(_("Not scheduled"))
    return SafeString(f'{times.when_due(row.next_run)}<span class="sub">{times.ago(row.next_run)}</span>')


@register.simple_tag(takes_context=True)
def run_button(context: dict[str, Any], row: TaskRow) -> SafeString:
    """Start a task at once, or lead to its form; where neither is possible, say why."""
    name, label = escape(row.name), escape(_("Run now"))
    why_not = row.why_not or (_("The engine is locked.") if context["chrome"].locked else "")
    if why_not:
        why = escape(why_not)
        return SafeString(
            f'<button type="button" id="run-{name}" aria-disabled="true" title="{why}" aria-describedby="why-{name}">'
            f'{label}</button> <span class="hidden-visually" id="why-{name}">{why}</span>'
        )
    button = f'<button id="run-{name}" aria-describedby="link-{name}">{label}</button>'
    if row.has_form:
        return SafeString(f'<form action="{escape(address_of("tasks:detail", row.name))}#run" data-go>{button}</form>')
    address, token = escape(address_of("tasks:run", row.name)), escape(str(context["csrf_token"]))
    return SafeString(
        f'<form method="post" action="{address}" hx-post="{address}" hx-target="#started" hx-swap="afterbegin" '
        f'hx-sync="this:drop"><input type="hidden" name="csrfmiddlewaretoken" value="{token}">{button}</form>'
    )


def _quiet(text: str) -> SafeString:
    return SafeString(f'<span class="quiet">{escape(text)}</span>')
