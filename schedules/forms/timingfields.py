"""The fields that ask when a schedule is due, and what a template and an edit want to know of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from schedules.forms import combine, kinds
from schedules.forms.fields import ClockField, LocalDateTimeField, WordsField
from schedules.forms.kinds import CRON_FIELDS, GROUPS, MONTH_DAYS, WEEKDAYS, Kind, Unit

if TYPE_CHECKING:
    from django.forms import BaseFormSet

ALWAYS = {"kind", "timezone"}


class TimingFields(forms.Form):
    """When a schedule is due: every field of every kind. Only those of the chosen kind count."""

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
    except_dates = WordsField(
        label=_("Not on"),
        required=False,
        max_length=2000,
        help_text=_("Days between commas: 2026-12-25, or 12-25 for every year."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    jitter = forms.IntegerField(
        label=_("Jitter in seconds"),
        required=False,
        min_value=0,
        help_text=_("Spreads runs at random by up to this much after the due time; never adds up."),
    )

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
        """Whether start, end, days off or jitter are in use, so that the template opens them."""
        anchored = not self.is_bound and self["kind"].value() == Kind.EVERY  # every interval has its start
        names = kinds.WINDOW[1:] if anchored else kinds.WINDOW
        return any(self[name].value() or self[name].errors for name in names)

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
        if not ALWAYS.union(GROUPS.get(kind, ())).isdisjoint(self.changed_data):
            return True
        return kind == Kind.COMBINE and self.legs.is_bound and self.legs.has_changed()


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
