"""Forms that read their values from JSON as well as from a web page, and the field for secrets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import QueryDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestrator_admin.redaction import COVER
from tasks.secrets import Secret, SecretUnreadable, is_marked

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


MOST_STRANGERS: Final = 20
LONGEST_STRANGER: Final = 100


class FormPage(forms.Form):
    """One page of a task's inputs: a Django form. `title` is its heading, "" for none."""

    title: ClassVar[StrOrPromise] = ""


class SecretInput(forms.PasswordInput):
    """Shows that a secret is there, never the secret.

    `sealed` is the encrypted form of what somebody has just typed: it travels along in a hidden field, so that a page
    that comes back, for an error or for more questions, need not ask again.
    """

    sealed: dict[str, str] | None = None

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        kept = {"placeholder": COVER} if value else {}
        return super().get_context(name, None, {**kept, **(attrs or {})})

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        shown = super().render(name, value, attrs, renderer)
        if self.sealed is None:
            return shown
        return shown + forms.HiddenInput().render(f"{name}-sealed", json.dumps(self.sealed), None, renderer)

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        typed = super().value_from_datadict(data, files, name)
        if typed:
            return typed
        try:
            sealed = json.loads(data.get(f"{name}-sealed", ""))
        except (TypeError, ValueError, RecursionError):
            return typed
        return sealed if is_marked(sealed) else typed

    def use_required_attribute(self, initial: Any) -> bool:
        return super().use_required_attribute(initial) and not initial and self.sealed is None


class SecretField(forms.CharField):
    """A secret, such as a password. It is encrypted wherever it is stored, and shown as •••• wherever it is shown.

    Its cleaned value is a `tasks.secrets.Secret`, a string. As input it takes plain text or its encrypted form.
    """

    widget = SecretInput
    default_error_messages = {"list": gettext_lazy("Enter a text.")}

    def to_python(self, value: Any) -> Secret | None:
        if is_marked(value):
            try:
                return Secret.from_json(value)
            except SecretUnreadable as error:
                raise ValidationError(str(error), code="unreadable") from error
        if isinstance(value, Secret):
            return value
        text = super().to_python(value)
        return Secret(text) if text else None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data) and data != initial


STORED_CLEANED: Final = (
    SecretField, forms.IntegerField, forms.DurationField, forms.DateField, forms.TimeField, forms.DateTimeField,
    forms.SplitDateTimeField,
)  # fmt: skip


def bound(form_class: type[forms.Form], inputs: Mapping[str, Any], **options: Any) -> forms.Form:
    """Return the form filled in with JSON `inputs`. A field that they do not name has its initial value.

    Errors of a kind that a web page cannot produce are added: fields that do not exist, a list where a text belongs.
    """
    form = form_class(**options)
    data, refused = {}, {}
    for name, field in form.fields.items():
        if field.disabled:
            continue
        value = inputs[name] if name in inputs else form.get_initial_for_field(field, name)
        if value is None and name not in inputs:
            continue
        if _is_of_wrong_shape(field, value):
            refused[name] = _("Enter a single value.")
        else:
            data.update(_data(field, form.add_prefix(name), value))
    form.data, form.is_bound = data, True
    for name in refused:
        form.fields[name].required = False
        form.fields[name].validators = []
    form.full_clean()
    for name, message in refused.items():
        form.add_error(name, message)
    for name in strangers(name for name in inputs if name not in form.fields):
        form.errors[name] = form.error_class([_("There is no field of this name.")])
    return form


def strangers(names: Iterable[object]) -> list[str]:
    """Return what a refusal names of fields that nobody asks for: few and short, however many were given."""
    return [str(name)[:LONGEST_STRANGER] for name in islice(names, MOST_STRANGERS)]


def posted(
    form_class: type[forms.Form], post: QueryDict, *, kept: Mapping[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    """Return what a web page posted as JSON inputs for `bound`: every field, empty ones too.

    A secret that was left empty stays what it is in `kept`, the inputs that the page was shown with.
    """
    form = form_class(**options)
    inputs: dict[str, Any] = {}
    for name, field in form.fields.items():
        if field.disabled:
            continue
        value = field.widget.value_from_datadict(post, {}, form.add_prefix(name))
        if isinstance(field, SecretField) and not value and kept and is_marked(kept.get(name)):
            value = kept[name]
        inputs[name] = value
    return inputs


def seal(form: forms.Form, inputs: Mapping[str, Any], *, kept: Mapping[str, Any] | None = None) -> None:
    """Let the secrets that were just typed into `form`, those in `inputs`, travel along when it is shown again.

    What comes from `kept`, the inputs that are stored, does not: the encrypted form of others' secrets goes to nobody.
    """
    for name, field in form.fields.items():
        value = inputs.get(name)
        if not isinstance(field.widget, SecretInput) or not value or name in form.errors:
            continue
        if value != (kept or {}).get(name):
            field.widget.sealed = value if is_marked(value) else Secret(value).to_json()


def storable(field: forms.Field, given: Any, cleaned: Any) -> Any:
    """Return what is stored of a field: what was given, or its value where that was written in a language or zone."""
    if isinstance(field, forms.JSONField):
        return given if isinstance(cleaned, str) else cleaned  # a text would have to be quoted again
    return cleaned if isinstance(field, STORED_CLEANED) else given


def initial_of(form_class: type[forms.Form], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored `inputs` as initial values of a form, in the types that widgets show.

    What is not valid any more is left out. Secrets stay encrypted.
    """
    form = bound(form_class, inputs)
    return {
        name: inputs[name] if isinstance(field, SecretField) else form.cleaned_data[name]
        for name, field in form.fields.items()
        if name in inputs and name in form.cleaned_data
    }


def _is_of_wrong_shape(field: forms.Field, value: Any) -> bool:
    if isinstance(field, forms.JSONField) or (isinstance(field, SecretField) and is_marked(value)):
        return False
    if isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField | forms.MultiValueField):
        return isinstance(value, Mapping)
    return isinstance(value, list | tuple | Mapping)


def _data(field: forms.Field, name: str, value: Any) -> dict[str, Any]:
    """Return `value` in the form in which the field's widget looks for it in what a page posts."""
    if isinstance(field, forms.JSONField):
        return {name: value if isinstance(value, str) or value is None else json.dumps(value)}
    if isinstance(value, Model | QuerySet):
        value = field.prepare_value(value)
    if isinstance(field.widget, forms.MultiWidget):
        parts = _parts(field, value)
        suffixes = getattr(field.widget, "widgets_names", ())
        return {name + suffix: part for suffix, part in zip(suffixes, parts, strict=False)}
    if isinstance(value, int | float) and not isinstance(field, forms.BooleanField):
        value = str(value)  # fields for dates can read nothing but text
    return {name: value}


def _parts(field: forms.Field, value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(field, forms.SplitDateTimeField) and isinstance(value, str):
        try:
            value = forms.DateTimeField().to_python(value)
        except ValidationError:
            return [value, value]
    return list(field.widget.decompress(value))
