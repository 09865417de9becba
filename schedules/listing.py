"""Prints all schedules as a table, for `manage.py scheduler show-schedule`."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _
from rich.console import Console
from rich.table import Table

from schedules import stored_triggers
from schedules.decorators import Declaration, autodiscover, scheduler
from schedules.exceptions import UnreadableTrigger
from schedules.models import Occurrence, Schedule


def show(console: Console, *, detail: bool = False) -> None:
    """Print every schedule: those in the database, and those in code that no scheduler has written there yet."""
    autodiscover()
    table = Table(box=None, pad_edge=False)
    for heading in ["ID", _("Name"), _("Starts"), _("When"), _("Next run")]:
        table.add_column(heading, overflow="fold")
    if detail:
        for heading in [_("Policies"), _("Last"), _("Schedule")]:
            table.add_column(heading, overflow="fold")
    rows = list(Schedule.objects.order_by("name", "id"))
    for schedule in rows:
        table.add_row(*_cells(schedule), *(_details(schedule) if detail else []))
    stored = {schedule.job_id for schedule in rows}
    for declaration in scheduler.all().values():
        if declaration.job_id not in stored:
            table.add_row(*_declared(declaration))
    console.print(table if table.row_count else _("Nothing is scheduled."))


def _cells(schedule: Schedule) -> list[str]:
    starts = schedule.workflow_name or schedule.function
    return [schedule.job_id or str(schedule.id), schedule.name, starts, _when(schedule), _next(schedule)]


def _when(schedule: Schedule) -> str:
    try:
        return str(stored_triggers.read(schedule).describe())
    except UnreadableTrigger as error:
        return str(error)


def _next(schedule: Schedule) -> str:
    if schedule.removed_from_code_at is not None:
        return _("never: removed from code")
    if schedule.parked_reason:
        return _("cannot run: %(reason)s") % {"reason": schedule.parked_reason}
    if not schedule.enabled:
        return _("paused: %(reason)s") % {"reason": schedule.paused_reason} if schedule.paused_reason else _("paused")
    if schedule.next_due_at is None:
        return _("never again")
    return timezone.localtime(schedule.next_due_at).isoformat(sep=" ", timespec="seconds")


def _details(schedule: Schedule) -> list[str]:
    last = Occurrence.objects.filter(schedule=schedule).order_by("-scheduled_at").first()
    policies = f"{schedule.overlap}; {schedule.catch_up}; {schedule.misfire_grace} s"
    shown = f"{last.scheduled_at:%Y-%m-%d %H:%M:%S} {last.outcome} {last.reason}".strip() if last else "-"
    return [policies, shown, str(schedule.id)]


def _declared(declaration: Declaration) -> list[str]:
    when = f"{declaration.trigger} {dict(declaration.trigger_fields)}"
    return [declaration.job_id, declaration.name, declaration.path, when, _("when a scheduler runs")]
