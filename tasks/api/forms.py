"""A page of a Django form, described for programs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.encoding import force_str
from django.utils.functional import Promise

from tasks.inputs import Complete, Page

MOST_CHOICES = 1000


def described(page: Page | Complete) -> dict[str, Any]:
    """Return what `FormPageSerializer` promises."""
    if isinstance(page, Complete):
        return {"complete": True, "index": None, "fields": []}
    fields, initial = page.form_class().fields, page.initial or {}
    return {
        "complete": False,
        "index": page.index,
        "fields": [_field(name, field, initial.get(name, field.initial)) for name, field in fields.items()],
    }


def _field(name: str, field: forms.Field, initial: Any) -> dict[str, Any]:
    secret = isinstance(field.widget, forms.PasswordInput)
    return {
        "name": name,
        "label": force_str(field.label or name),
        "type": type(field).__name__,
        "required": field.required,
        "secret": secret,
        "help_text": force_str(field.help_text),
        "initial": None if secret or callable(initial) else _plain(initial),
        "choices": _choices(field),
    }


def _choices(field: forms.Field) -> list[list[Any]] | None:
    if not isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
        return None
    pairs: list[list[Any]] = []
    choices: Any = field.choices
    for value, label in choices:
        group = label if isinstance(label, list | tuple) else [(value, label)]
        pairs.extend([_plain(getattr(inner, "value", inner)), force_str(text)] for inner, text in group)
        if len(pairs) >= MOST_CHOICES:
            break
    return pairs[:MOST_CHOICES]


def _plain(value: Any) -> Any:
    """JSON knows these; everything else is shown as its text."""
    if value is None or isinstance(value, str | int | float | bool | list | dict):
        return value
    return force_str(value) if isinstance(value, Promise) else str(value)
