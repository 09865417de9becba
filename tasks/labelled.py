"""What was given to a form, in the form's own words: for people who read it later.

Inputs are stored as they were given. Their labels, and the words of what was chosen, are in the code: where it cannot
be loaded, or asks for something else by now, they are shown as they are stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import structlog
from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import pretty_name
from django.utils.translation import gettext as _

from tasks import inputs, sql
from tasks.exceptions import InvalidInputs
from tasks.secrets import mask

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Answer:
    """What was given in one field. `words` is empty where the stored value says it as well."""

    name: str
    value: Any
    label: str = ""
    words: str = ""


def answers(
    source: inputs.FormSource, given: Sequence[Mapping[str, Any]], *, state: dict[str, Any] | None = None
) -> list[Answer]:
    """Return what was given, page by page, in the words of the form; secrets are masked."""
    try:
        return _labelled(source, given, state)
    except sql.CONNECTION_TROUBLE:
        raise
    except Exception as error:
        logger.warning("inputs_not_labelled", form=getattr(source, "__qualname__", str(source)), exc_info=error)
        return _labelled(None, given, state)


def _labelled(
    source: inputs.FormSource, given: Sequence[Mapping[str, Any]], state: dict[str, Any] | None
) -> list[Answer]:
    found: list[Answer] = []
    fields_of_pages = _pages(source, given, state)
    for page in given:
        fields = next(fields_of_pages, {})
        for name, value in mask(dict(page)).items():
            field = fields.get(name)
            found.append(Answer(name, value) if field is None else _answer(name, value, field))
    return found


def _pages(
    source: inputs.FormSource, given: Sequence[Mapping[str, Any]], state: dict[str, Any] | None
) -> Iterator[Mapping[str, forms.Field]]:
    """Yield the fields of each page, as long as the form still asks for what was given."""
    if source is None:
        return
    for index in range(len(given)):
        try:
            page = inputs.next_page(source, given[:index], state=state)
        except InvalidInputs:
            return
        if isinstance(page, inputs.Complete):
            return
        yield page.form_class().fields


def _answer(name: str, value: Any, field: forms.Field) -> Answer:
    label = str(field.label) if field.label else pretty_name(name)
    return Answer(name, value, label, _words(field, value))


def _words(field: forms.Field, value: Any) -> str:
    """Return a yes, a no, or the words of what was chosen."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(field, forms.ModelChoiceField):
        return _chosen(field, value)
    if not isinstance(field, forms.ChoiceField):
        return ""
    words = dict(_flat(cast("Iterable[Any]", field.choices)))
    chosen = [words.get(str(part), "") for part in (value if isinstance(value, list) else [value])]
    return ", ".join(chosen) if all(chosen) else ""


def _chosen(field: forms.ModelChoiceField[Any], value: Any) -> str:
    """Return how the form calls the objects, where they still exist."""
    if not value:
        return ""
    try:
        rows = field.clean(value)
    except ValidationError:
        return ""
    rows = rows if isinstance(value, list) else [rows]
    return ", ".join(str(field.label_from_instance(row)) for row in rows)


def _flat(choices: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for value, label in choices:
        if isinstance(label, list | tuple):
            yield from _flat(label)
        else:
            yield str(value), str(label)
