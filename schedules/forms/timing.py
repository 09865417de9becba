"""When: from the seven ways of asking "how often" to a checked trigger, and its errors back beside their fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from schedules.forms import combine, kinds
from schedules.forms.fields import ClockField, LocalDateTimeField
from schedules.forms.kinds import CRON_FIELDS, GROUPS, MONTH_DAYS, WEEKDAYS, Kind, Unit
from schedules.triggers import TriggerError, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.forms import BaseFormSet

    from schedules.triggers import Trigger

_REQUIRED: dict[str, tuple[str, ...]] = {
    Kind.EVERY: ("every",),
    Kind.DAILY: ("daily_time",),
    Kind.WEEKLY: ("weekdays", "weekly_time"),
    Kind.MONTHLY: ("month_day", "monthly_time"),
    Kind.ONCE: ("run_date",),
}
_ALWAYS = {"kind", "timezone"}


class TimingForm(forms.Form):
    """When a schedule is due. Only the fields of the chosen kind count; the others keep what was typed."""

    kind = forms.ChoiceField(label=_("How often"), choices=Kind, widget=forms.RadioSelect, initial=Kind.DAILY)

    every = forms.IntegerField(label=_("Every"), required=False, min_value=1, max_value=1_000_000, initial=15)
    unit = forms.ChoiceField(label=_("Unit"), choices=Unit, required=False, initial=Unit.MINUTES)
    every_time = ClockField(label=_("At, for months and years"), required=False)
    daily_time = ClockField(label=_("Every day at"), required=False, initial="01:00")
    weekdays = forms.MultipleChoiceField(
        label=_("On"), choices=WEEKDAYS, required=False, widget=forms.CheckboxSelectMultiple, initial=["1"]
    )
    weekly_time = ClockField(label=_("Those days at"), required=False, initial="01:00")
    month_day = forms.ChoiceField(label=_("Day"), choices=MONTH_DAYS, required=False, initial="1")
    monthly_time = ClockField(label=_("That day at"), required=False, initial="01:00")
    run_date = LocalDateTimeField(label=_("Date and time"), required=False)
    expression = forms.CharField(
        label=_("Cron expression"),
        required=False,
        max_length=500,
        help_text=_("minute, hour, day of month, month, day of week; Sunday is 0 or 7"),
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
    )
    combine_mode = forms.ChoiceField(
        label=_("Run"), choices=combine.Mode, required=False, widget=forms.RadioSelect, initial=combine.Mode.OR
    )
    combine_json = forms.CharField(
        label=_("JSON"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 8, "class": "mono", "spellcheck": "false"}),
        help_text=_("Legs inside legs, in the notation of the API."),
    )

    timezone = forms.CharField(
        label=_("Time zone"), max_length=64, widget=forms.TextInput(attrs={"list": "timezones", "autocomplete": "off"})
    )
    start_date = LocalDateTimeField(label=_("Not before"), required=False)
    end_date = LocalDateTimeField(label=_("Not after"), required=False)
    jitter = forms.IntegerField(
        label=_("Jitter in seconds"),
        required=False,
        min_value=0,
        help_text=_("Spreads runs at random by up to this much after the due time; never adds up."),
    )

    trigger: Trigger | None = None  # after validation: what was asked for, checked

    def __init__(self, data: Mapping[str, Any] | None = None, *, initial: dict[str, Any] | None = None) -> None:
        initial = dict(initial or {})
        legs = initial.pop("legs", None) or [{"leg_kind": "cron"}, {"leg_kind": "interval"}]
        super().__init__(data, initial=initial)
        self.legs: BaseFormSet[combine.LegForm]
        if data is not None and "legs-TOTAL_FORMS" in data:
            self.legs = combine.LegFormSet(data, prefix="legs")
        else:
            self.legs = combine.LegFormSet(initial=legs, prefix="legs")
        for name in CRON_FIELDS:
            self.fields[f"cron_{name}"] = forms.CharField(label=_CRON_LABELS[name], required=False, max_length=200)

    @property
    def cron_fields(self) -> list[forms.BoundField]:
        """The fields of APScheduler's own form of cron, for the template."""
        return [self[f"cron_{name}"] for name in CRON_FIELDS]

    @property
    def by_fields(self) -> bool:
        """Whether APScheduler's fields are in use, so that the template opens them."""
        return any(field.value() or field.errors for field in self.cron_fields)

    @property
    def has_window(self) -> bool:
        """Whether start, end or jitter are in use, so that the template opens them."""
        anchored = not self.is_bound and self["kind"].value() == Kind.EVERY  # every interval has its start
        names = kinds.WINDOW[1:] if anchored else kinds.WINDOW
        return any(self[name].value() or self[name].errors for name in names)

    def stored(self) -> dict[str, Any]:
        """Return the trigger as the services take it. Only for a valid form."""
        if self.trigger is None:
            raise ValueError("an invalid form has no trigger")
        return {
            "trigger": self.trigger.kind,
            "trigger_kwargs": self.trigger.kwargs,
            "time_zone": self.cleaned_data["timezone"],
        }

    def as_sent(self) -> QueryDict:
        """Return what a browser would send if nobody touched the form."""
        data = QueryDict(mutable=True)
        for form in [self, self.legs.management_form, *self.legs.forms]:
            for bound in form:
                value = bound.value()
                if value not in (None, "", []):
                    data.setlist(bound.html_name, value if isinstance(value, list) else [str(value)])
        return data

    def has_changed(self) -> bool:
        """Return whether anything that counts was changed; what was typed under another kind does not."""
        kind = self["kind"].value()
        if not _ALWAYS.union(GROUPS.get(kind, ())).isdisjoint(self.changed_data):
            return True
        return kind == Kind.COMBINE and self.legs.is_bound and self.legs.has_changed()

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
        relevant = _ALWAYS.union(GROUPS.get(kind, ()))
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
        if cleaned.get("jitter"):
            window["jitter"] = cleaned["jitter"]
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
        if path in GROUPS[kind] or path in _ALWAYS:
            return path
        if kind is Kind.CRON:
            return f"cron_{path}" if path in CRON_FIELDS and not self.cleaned_data.get("expression") else "expression"
        if kind is Kind.COMBINE:
            mode = self.cleaned_data.get("combine_mode")
            return "combine_json" if mode == combine.Mode.JSON else "combine_mode"
        return _REQUIRED[kind][0]


_CRON_LABELS = {
    "year": _("Year"),
    "month": _("Month"),
    "day": _("Day of month"),
    "week": _("ISO week"),
    "day_of_week": _("Day of week"),
    "hour": _("Hour"),
    "minute": _("Minute"),
    "second": _("Second"),
}
