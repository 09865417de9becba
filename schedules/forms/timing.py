"""When: from the seven ways of asking "how often" to a checked trigger, and its errors back beside their fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from schedules.forms import combine, kinds
from schedules.forms.kinds import CRON_FIELDS, GROUPS, Kind
from schedules.forms.timingfields import ALWAYS, TimingFields
from schedules.triggers import Trigger, TriggerError, parse

_REQUIRED: dict[str, tuple[str, ...]] = {
    Kind.EVERY: ("every",),
    Kind.DAILY: ("daily_time",),
    Kind.WEEKLY: ("weekdays", "weekly_time"),
    Kind.MONTHLY: ("month_day", "monthly_time"),
    Kind.ONCE: ("run_date",),
}


class TimingForm(TimingFields):
    """When a schedule is due. What was typed under another kind than the chosen one is kept and does not count."""

    trigger: Trigger | None = None  # after validation: what was asked for, checked

    def stored(self) -> dict[str, Any]:
        """Return the trigger as the services take it. Only for a valid form."""
        if self.trigger is None:
            raise ValueError("an invalid form has no trigger")
        return {
            "trigger": self.trigger.kind,
            "trigger_kwargs": self.trigger.kwargs,
            "time_zone": self.cleaned_data["timezone"],
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        kind = cleaned.get("kind", "")
        self._forget_errors_outside(kind)
        for name in _REQUIRED.get(kind, ()):
            if name not in self.errors and not cleaned.get(name):
                self.add_error(name, ValidationError(self.fields[name].error_messages["required"], code="required"))
        asked = None if self.errors else self._asked(Kind(kind), cleaned)
        if asked is None or self.errors:
            return cleaned
        name, kwargs = asked
        try:
            self.trigger = parse(name, kwargs, time_zone=cleaned["timezone"])
        except TriggerError as error:
            self.place(error.errors)
        return cleaned

    def _forget_errors_outside(self, kind: str) -> None:
        relevant = ALWAYS.union(GROUPS.get(kind, ()))
        for name in set(self.errors) - relevant:
            del self.errors[name]

    def _asked(self, kind: Kind, cleaned: dict[str, Any]) -> kinds.Trigger | None:
        """Return the trigger's name and arguments, or None after adding the error that says what is missing."""
        if kind is Kind.CRON and not self._one_way_of_cron(cleaned):
            return None
        asked = self._combined(cleaned) if kind is Kind.COMBINE else kinds.TRIGGER_OF[kind](cleaned)
        if asked is None or kind is Kind.ONCE:
            return asked
        window: dict[str, Any] = {
            name: cleaned[name].isoformat() for name in ("start_date", "end_date") if cleaned.get(name)
        }
        window |= {name: cleaned[name] for name in ("except_dates", "jitter") if cleaned.get(name)}
        return asked[0], {**asked[1], **window}

    def _one_way_of_cron(self, cleaned: dict[str, Any]) -> bool:
        fields = any(cleaned.get(f"cron_{name}") for name in CRON_FIELDS)
        if fields == bool(cleaned.get("expression")):
            both = _("Give an expression or single fields, not both.")
            neither = _("Write a cron expression, such as 30 1 * * * for every day at 01:30.")
            self.add_error("expression", ValidationError(both if fields else neither, code="required"))
            return False
        return True

    def _combined(self, cleaned: dict[str, Any]) -> kinds.Trigger | None:
        mode = cleaned.get("combine_mode") or combine.Mode.OR
        if mode == combine.Mode.JSON:
            try:
                return combine.from_json(cleaned.get("combine_json", ""))
            except ValidationError as error:
                self.add_error("combine_json", error)
                return None
        if not self.legs.is_bound or not self.legs.is_valid():
            self.add_error("combine_mode", ValidationError(_("Some of these are not complete."), code="legs"))
            return None
        legs = [trigger for leg in self.legs if (trigger := leg.trigger())]
        if len(legs) < 2:
            self.add_error("combine_mode", ValidationError(_("Combine at least two."), code="legs"))
            return None
        return mode, {"triggers": [{"trigger": name, "trigger_kwargs": kwargs} for name, kwargs in legs]}

    def place(self, errors: Mapping[str, Iterable[str]]) -> None:
        """Put each error of the trigger beside the field that caused it."""
        kind = Kind(self.cleaned_data["kind"])
        for path, messages in errors.items():
            leg, field = self._leg(kind, path)
            for message in messages:
                if leg is not None:
                    leg.add_error(leg.field_of(field), message)
                    self.add_error("combine_mode", ValidationError(message, code="leg"))
                else:
                    self.add_error(self._field_of(kind, path), message)

    def _leg(self, kind: Kind, path: str) -> tuple[combine.LegForm | None, str]:
        head, _dot, rest = path.partition(".")
        number, _dot, field = rest.partition(".")
        if kind is not Kind.COMBINE or head != "triggers" or not number.isdigit() or not self.legs.is_bound:
            return None, ""
        if self.cleaned_data.get("combine_mode") == combine.Mode.JSON:
            return None, ""
        used = [leg for leg in self.legs if leg.trigger()]
        return (used[int(number)], field) if int(number) < len(used) else (None, "")

    def _field_of(self, kind: Kind, path: str) -> str:
        if path in GROUPS[kind] or path in ALWAYS:
            return path
        if kind is Kind.CRON:
            return f"cron_{path}" if path in CRON_FIELDS and not self.cleaned_data.get("expression") else "expression"
        if kind is Kind.COMBINE:
            mode = self.cleaned_data.get("combine_mode")
            return "combine_json" if mode == combine.Mode.JSON else "combine_mode"
        return _REQUIRED[kind][0]
