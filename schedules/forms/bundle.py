"""All forms of one schedule page together: read from a request, checked at once, turned into a service's arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from django.utils import timezone

from schedules.forms.details import DetailsForm
from schedules.forms.from_trigger import timing_values
from schedules.forms.inputs import InputPages
from schedules.forms.timing import TimingForm
from tasks.exceptions import TaskError
from tasks.registry import get_workflow, label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django import forms

    from accounts.permissions import Person
    from schedules.exceptions import InvalidSchedule
    from schedules.models import Schedule

_POLICIES = ("tags", "overlap", "catch_up", "catch_up_limit", "misfire_grace")


class ScheduleForms:
    """What, when, and with which inputs. `error` is what concerns none of the fields."""

    def __init__(
        self,
        data: QueryDict | None,
        *,
        user: Person,
        workflows: list[tuple[str, str]],
        schedule: Schedule | None = None,
        prefill: QueryDict | None = None,
    ) -> None:
        self.schedule = schedule
        self.nothing_to_schedule = not workflows and schedule is None
        initial = _stored(schedule) if schedule else _suggested(prefill or QueryDict())
        of_code = schedule is not None and schedule.workflow_name is None
        self.details = DetailsForm(data, workflows=None if of_code else workflows, initial=initial)
        self.timing = TimingForm(data, initial=initial)
        self.error = ""
        self.workflow_name = "" if of_code else str(self.details["workflow_name"].value() or "")
        self.inputs = self._inputs(data, user, dict(workflows))

    def _inputs(self, data: QueryDict | None, user: Person, known: dict[str, str]) -> InputPages:
        same = self.schedule is not None and self.schedule.workflow_name == self.workflow_name
        stored = self.schedule.user_inputs if self.schedule and same else ()
        if self.workflow_name not in known:
            return InputPages(None, data, user=user)
        try:
            source = get_workflow(self.workflow_name).initial_input_form
        except TaskError as error:
            self.error = str(error)
            source = None
        return InputPages(source, data, user=user, stored=stored)

    def is_valid(self) -> bool:
        """Return whether all may be saved; every form is checked, so that all errors show at once."""
        valid = [self.details.is_valid(), self.timing.is_valid(), self.inputs.complete]
        return all(valid) and not self.error

    @property
    def title(self) -> str:
        """The name of the chosen task, or nothing."""
        return str(label(self.workflow_name)) if self.workflow_name else ""

    @property
    def asks_for_more(self) -> bool:
        """Whether all that was answered is right, and a further page of inputs came up."""
        return bool(self.inputs.forms) and not self.inputs.forms[-1].is_bound

    def creation(self) -> dict[str, Any]:
        """Return the arguments of `create_schedule`. Only when valid."""
        return {
            "name": self.details.cleaned_data["name"] or self.title,
            "workflow_name": self.workflow_name,
            "user_inputs": self.inputs.user_inputs,
            **self.timing.stored(),
            **self.details.policies(),
        }

    def changes(self) -> dict[str, Any]:
        """Return what `edit_schedule` is to change: only what the person changed. Only when valid."""
        if self.schedule is None:
            raise ValueError("a new schedule has no changes")
        wanted = {**self.details.policies(), "name": self.details.cleaned_data["name"] or self.title}
        changes = {name: value for name, value in wanted.items() if value != getattr(self.schedule, name)}
        if self.timing.has_changed():
            timing = self.timing.stored()
            if any(value != getattr(self.schedule, name) for name, value in timing.items()):
                changes |= timing
        if self.workflow_name:
            if self.workflow_name != self.schedule.workflow_name:
                changes["workflow_name"] = self.workflow_name
            if "workflow_name" in changes or any(form.has_changed() for form in self.inputs.forms):
                changes["user_inputs"] = self.inputs.user_inputs
        return changes

    def refuse(self, error: InvalidSchedule) -> None:
        """Put what the service refused beside the fields that caused it."""
        of_trigger: dict[str, list[str]] = {}
        for path, messages in error.errors.items():
            head, _dot, rest = path.partition(".")
            if head == "trigger_kwargs":
                of_trigger[rest or "kind"] = messages
            elif head == "user_inputs" and self._refused_input(rest, messages):
                continue
            elif path in self.details.fields:
                self.details.add_error(path, messages)
            elif path in self.timing.fields:
                self.timing.add_error(path, messages)
            else:
                self.error = " ".join(messages)
        self.timing.place(of_trigger)

    def _refused_input(self, path: str, messages: list[str]) -> bool:
        page, _dot, field = path.partition(".")
        if not page.isdigit() or int(page) >= len(self.inputs.forms) or not self.inputs.forms[int(page)].is_bound:
            return False
        form = self.inputs.forms[int(page)]
        form.add_error(field if field in form.fields else None, messages)
        return True

    def problems(self) -> list[tuple[str, str, str]]:
        """Return (id of the field, its label, the error) for all errors, for the summary above the form."""
        found = [("", "", self.error)] if self.error else []
        for form in self._all():
            for name, messages in form.errors.items():
                bound = form[name] if name in form.fields else None
                found += [
                    (bound.id_for_label if bound else "", str(bound.label) if bound else "", str(m)) for m in messages
                ]
        if self.inputs.error:
            found.append(("", "", self.inputs.error))
        return found

    def _all(self) -> Iterator[forms.BaseForm]:
        yield self.details
        yield self.timing
        yield from (form for form in self.inputs.forms if form.is_bound)


def _stored(schedule: Schedule) -> dict[str, Any]:
    return {
        "name": schedule.name,
        "workflow_name": schedule.workflow_name or "",
        **{name: getattr(schedule, name) for name in _POLICIES},
        **timing_values(schedule.trigger, schedule.trigger_kwargs, schedule.time_zone),
    }


def _suggested(prefill: QueryDict) -> dict[str, Any]:
    """Return what a new form starts with: the address's parameters by field name, and the viewer's zone."""
    given: dict[str, Any] = {name: value for name, value in prefill.items() if name not in {"legs", "weekdays"}}
    if "weekdays" in prefill:
        given["weekdays"] = prefill.getlist("weekdays")
    if "task" in prefill:
        given["workflow_name"] = prefill["task"]
    return {"timezone": timezone.get_current_timezone_name(), **given}
