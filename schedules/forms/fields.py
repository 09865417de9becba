"""Form fields for local times: what is typed means the schedule's own time zone, never the viewer's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


class LocalDateTimeInput(forms.DateTimeInput):
    """The browser's own field for a date and a time, to the second."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"step": "1", **(attrs or {})}, format="%Y-%m-%dT%H:%M:%S")


class _Comparable(forms.Field):
    """Compares moments, not their spelling: the initial value may be a text."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(initial) != self.to_python(data))
        except ValidationError:
            return True


class LocalDateTimeField(_Comparable):
    """A date and time without a zone (or with an offset, if somebody types one)."""

    widget = LocalDateTimeInput
    default_error_messages = {"invalid": _("Write a date and a time, such as 2026-03-29 01:30.")}

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        if isinstance(value, datetime):
            return value
        try:
            return datetime.fromisoformat(str(value).strip())
        except ValueError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class ClockField(_Comparable, forms.TimeField):
    """A time of day, to the minute."""

    # Not the browser's own field for times: that one shows 01:00 AM wherever the browser is an American.
    widget = forms.TimeInput(
        attrs={"placeholder": "01:30", "inputmode": "numeric", "autocomplete": "off"}, format="%H:%M"
    )
    default_error_messages = {"invalid": _("Write a time of day from 00:00 to 23:59.")}


class WordsField(forms.CharField):
    """Words, separated by commas; cleans to a list without doubles, in the order typed."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)

    def clean(self, value: Any) -> Any:
        return list(dict.fromkeys(word.strip() for word in super().clean(value).split(",") if word.strip()))
