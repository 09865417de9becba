"""Combined triggers: legs of one level as a formset, everything deeper as JSON in the notation of the API."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from schedules.forms.fields import LocalDateTimeField
from schedules.forms.kinds import CALENDAR_UNITS, Trigger, Unit

MAX_LEGS = 10
MAX_JSON = 10_000


class Mode(TextChoices):
    """How legs combine."""

    OR = "or", _("whenever any of these is due")
    AND = "and", _("only when all of these are due at once")
    JSON = "json", _("as written in JSON")


class LegKind(TextChoices):
    """What a leg is. An unused leg is left out."""

    NONE = "", _("Not used")
    CRON = "cron", _("Cron pattern")
    INTERVAL = "interval", _("Interval")
    DATE = "date", _("Single date")


class LegForm(forms.Form):
    """One leg of a combined trigger."""

    leg_kind = forms.ChoiceField(label=_("Leg"), choices=LegKind, required=False)
    pattern = forms.CharField(
        label=_("Pattern"), required=False, max_length=500, help_text=_("As in crontab, such as 0 9 * * 1-5.")
    )
    count = forms.IntegerField(label=_("Every"), required=False, min_value=1)
    unit = forms.ChoiceField(label=_("Unit"), choices=Unit, initial=Unit.HOURS, required=False)
    date = LocalDateTimeField(label=_("Date"), required=False)
    anchor = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)  # what an interval counts from

    needs = {LegKind.CRON: "pattern", LegKind.INTERVAL: "count", LegKind.DATE: "date"}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        needed = self.needs.get(cleaned.get("leg_kind", ""))
        for name in set(self.errors) - {needed, "leg_kind"}:
            del self.errors[name]
        if needed and needed not in self.errors and not cleaned.get(needed):
            self.add_error(needed, ValidationError(_("This leg needs a value."), code="required"))
        return cleaned

    def trigger(self) -> Trigger | None:
        """Return what the leg means, or None for an unused one. Only for a valid form."""
        values = self.cleaned_data
        match values.get("leg_kind"):
            case LegKind.CRON:
                return "cron", {"expression": values["pattern"]}
            case LegKind.INTERVAL:
                unit = values["unit"] or Unit.HOURS
                anchor = {"start_date": values["anchor"]} if values.get("anchor") else {}
                kind = "calendarinterval" if unit in CALENDAR_UNITS else "interval"
                return kind, {unit: values["count"], **anchor}
            case LegKind.DATE:
                return "date", {"run_date": values["date"].isoformat()}
        return None

    def field_of(self, path: str) -> str:
        """Return the form's field for a path in the trigger's errors."""
        return self.needs.get(self.cleaned_data.get("leg_kind", ""), "leg_kind") if path else "leg_kind"


LegFormSet = forms.formset_factory(LegForm, extra=0, max_num=MAX_LEGS, absolute_max=MAX_LEGS, validate_max=True)


def from_json(text: str) -> Trigger:
    """Return the trigger written in `text` as the API writes it; raise ValidationError with what is wrong."""
    if len(text) > MAX_JSON:
        raise ValidationError(_("That is longer than %(limit)s characters."), params={"limit": MAX_JSON})
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise ValidationError(_("This is not JSON: look at line %(line)s."), params={"line": line}) from None
    if not isinstance(value, dict) or not isinstance(value.get("trigger"), str):
        raise ValidationError(_("Write {“trigger”: …, “trigger_kwargs”: {…}}, as in the API."))
    kwargs = value.get("trigger_kwargs", {})
    if not isinstance(kwargs, dict):
        raise ValidationError(_("“trigger_kwargs” must be an object in curly brackets."))
    if unknown := value.keys() - {"trigger", "trigger_kwargs"}:
        raise ValidationError(_("There is no “%(key)s” here."), params={"key": sorted(unknown)[0]})
    return value["trigger"], kwargs


def to_json(trigger: str, kwargs: dict[str, Any]) -> str:
    """Return the notation that `from_json` reads."""
    return json.dumps({"trigger": trigger, "trigger_kwargs": kwargs}, indent=2, ensure_ascii=False)
