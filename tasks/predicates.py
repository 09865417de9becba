"""Run predicates that workflows can use: what has to hold for a process to be started."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import overload

from django.utils.translation import gettext as _

from tasks.models import Process
from tasks.statuses import GOING
from tasks.workflow import PredicateContext, RunPredicateFail, RunPredicatePass

Judgement = RunPredicatePass | RunPredicateFail


@overload
def no_uncompleted_instance(of: PredicateContext) -> Judgement: ...
@overload
def no_uncompleted_instance(of: str) -> Callable[[PredicateContext], Judgement]: ...
def no_uncompleted_instance(of: PredicateContext | str) -> Judgement | Callable[[PredicateContext], Judgement]:
    """Let a workflow start only when no process of it is going on: queued, running, or waiting for something.

    One that has failed is not going on: a failed run blocks no later one. Given a name, it is a predicate on the
    processes of the workflow so called.
    """
    if isinstance(of, str):
        return functools.partial(_none_going, of)
    return _none_going(of.workflow_name, of)


def _none_going(name: str, _context: PredicateContext) -> Judgement:
    going = Process.objects.filter(workflow__name=name, status__in=GOING)
    first = going.order_by("started_at").values_list("process_id", "status").first()
    if first is None:
        return RunPredicatePass()
    names = {"id": first[0], "status": first[1], "name": name}
    return RunPredicateFail(_("“%(name)s” is going on already: process %(id)s is %(status)s.") % names)
