"""Judges what people give for a schedule. What is wrong is noted or returned by the path of its field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.permissions import Action, Person, may
from schedules.exceptions import NotPermitted
from schedules.models import TriggerKind
from schedules.triggers import Trigger, TriggerError, parse
from tasks import inputs
from tasks.exceptions import InvalidInputs, TaskError
from tasks.models import Workflow
from tasks.registry import get_workflow, label

Errors = dict[str, list[str]]


def trigger_of(kind: Any, kwargs: Any, time_zone: Any, errors: Errors, key: UUID, now: datetime) -> Trigger | None:
    """Read a trigger as people give it; note what is wrong with it by field."""
    if not isinstance(kind, str) or kind not in TriggerKind.values:
        errors["trigger"] = [_("Choose one of %(choices)s.") % {"choices": ", ".join(TriggerKind.values)}]
        return None
    if not isinstance(kwargs, Mapping):
        errors["trigger_kwargs"] = [_("Enter a mapping of the trigger's arguments.")]
        return None
    try:
        return parse(kind, dict(kwargs), time_zone=time_zone or settings.TIME_ZONE, salt=str(key), now=now)
    except TriggerError as error:
        for path, messages in error.errors.items():
            errors[path if path == "trigger" else f"trigger_kwargs.{path}".rstrip(".")] = list(messages)
        return None


def first_due(trigger: Trigger, now: datetime, errors: Errors) -> datetime | None:
    """Return the first due time; a trigger that has none (any more) is refused."""
    first = trigger.first(now)
    if first is None:
        field = "trigger_kwargs.run_date" if trigger.kind == TriggerKind.DATE else "trigger_kwargs"
        errors[field] = [_("It is never due: all its times lie in the past, or there are none.")]
    return first


def known_task(name: Any, user: Person | None, errors: Errors) -> bool:
    """Note an unknown task. Raises NotPermitted for one that the user may not schedule."""
    known = isinstance(name, str) and name != "" and Workflow.objects.filter(name=name).exists()
    if not known or not may(user, Action.SEE, name):
        errors["workflow_name"] = [_("There is no task named %(name)s.") % {"name": name}]
        return False
    if not may(user, Action.SCHEDULE, name):
        raise NotPermitted(str(label(name)))
    return True


def stored_inputs(name: str, user_inputs: Any, user: Person | None, errors: Errors) -> list[dict[str, Any]]:
    """Validate a task's inputs by its own form and return what is stored of them."""
    pages = [] if user_inputs is None else user_inputs
    if not isinstance(pages, Sequence) or not all(isinstance(page, Mapping) for page in pages):
        errors["user_inputs"] = [_("Enter a list of mappings, one for each page of the form.")]
        return []
    pages = [dict(page) for page in pages]
    try:
        source = get_workflow(name).initial_input_form
        return inputs.stored(source, pages, user=user)
    except InvalidInputs as error:
        for index, page in enumerate(error.errors):
            errors |= {f"user_inputs.{index}.{field}": list(messages) for field, messages in page.items()}
    except TaskError as error:
        errors["workflow_name"] = [str(error)]
    return []


def unknown_fields(given: Mapping[str, Any], known: Sequence[str]) -> Errors:
    """Return the fields that a schedule does not have."""
    return {name: [_("There is no such field.")] for name in given if name not in known}


def name_errors(name: Any) -> Errors:
    """Return what is wrong with a name."""
    if not isinstance(name, str) or not name.strip():
        return {"name": [_("Enter a name.")]}
    return {"name": [_("A name has at most 255 characters.")]} if len(name) > 255 else {}


def tag_errors(tags: Any) -> Errors:
    """Return what is wrong with tags."""
    good = isinstance(tags, list) and all(isinstance(tag, str) and 0 < len(tag) <= 50 for tag in tags)
    return {} if good else {"tags": [_("Enter a list of words of at most 50 characters.")]}
