"""Cells of the list of schedules, as tags: they return safe HTML built from escaped values.

Made here and not in a template: a page shows thirty rows, and each node of a template costs for each of them.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from django import template
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from orchestrator_admin.templatetags import marks, times
from schedules.filters import State
from schedules.models import Outcome

if TYPE_CHECKING:
    from schedules.views.listing import Row

register = template.Library()


@register.simple_tag
def last_due(row: Row) -> SafeString:
    """Show what became of the schedule's last due time, and how late it was answered."""
    last = row.last
    if last is None:
        return SafeString(f'<span class="quiet">{escape(_("Never yet"))}</span>')
    late = "" if last.manual else f" · {escape(_('%(lag)s late') % {'lag': row.lag})}"
    detail = ""
    if last.outcome == Outcome.STARTED and last.detail:
        detail = f'<span class="sub clamp">{escape(last.detail)}</span>'
    shown = marks.status(last.outcome, last.get_outcome_display())
    return SafeString(f'{shown} <span class="sub nb">{times.when_due(last.scheduled_at)}{late}</span>{detail}')


@register.simple_tag
def next_due(row: Row) -> SafeString:
    """Show when the schedule runs next, or why it does not."""
    schedule = row.schedule
    if row.state == State.ACTIVE:
        skipped = f" · {escape(_('will be skipped'))}" if schedule.skip_next else ""
        at = schedule.next_due_at
        return SafeString(f'{times.when_due(at)}<span class="sub">{times.ago(at)}{skipped}</span>')
    shown = marks.status(row.state, str(row.state.label))
    if row.state == State.PARKED:
        return SafeString(f'{shown}<span class="sub">{escape(Truncator(schedule.parked_reason).chars(120))}</span>')
    if row.state != State.PAUSED:
        return shown
    parts = [escape(Truncator(schedule.paused_reason).chars(80))] if schedule.paused_reason else []
    if schedule.paused_until:
        parts.append(escape(_("until %(until)s")) % {"until": times.when_inside(schedule.paused_until)})
    return SafeString(f'{shown}<span class="sub">{" · ".join(parts)}</span>')
