"""Run predicates that workflows can use: what has to hold for a process to be started."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tasks.models import Process
from tasks.statuses import GOING
from tasks.workflow import PredicateContext, RunPredicateFail, RunPredicatePass


def no_uncompleted_instance(context: PredicateContext) -> RunPredicatePass | RunPredicateFail:
    """Let a workflow start only when no process of it is going on: queued, running, or waiting for something.

    One that has failed is not going on: a failed run blocks no later one.
    """
    going = Process.objects.filter(workflow__name=context.workflow_name, status__in=GOING)
    first = going.order_by("started_at").values_list("process_id", "status").first()
    if first is None:
        return RunPredicatePass()
    names = {"id": first[0], "status": first[1]}
    return RunPredicateFail(_("It is going on already: process %(id)s is %(status)s.") % names)
