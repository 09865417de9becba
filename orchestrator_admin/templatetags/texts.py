"""Values as people read them: JSON, answers, ids, browsers, numbers of a picture."""

from __future__ import annotations

import json
from typing import Any

from django import template
from django.utils.translation import gettext as _

from orchestrator_admin import words

register = template.Library()


@register.filter
def pretty_json(value: Any) -> str:
    """Return a value as indented JSON. It is text: autoescaping turns it into harmless HTML."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


@register.filter
def as_answer(value: Any) -> str:
    """Return what somebody answered to a form: a text as it was typed, anything else as JSON."""
    return value if isinstance(value, str) else pretty_json(value)


@register.filter
def as_told(value: Any) -> Any:
    """Return a value of a field as people say it: "yes", "no", and a dash for nothing."""
    if value is None:
        return "–"  # noqa: RUF001  a dash
    return (_("yes") if value else _("no")) if isinstance(value, bool) else value


@register.filter
def browser_name(user_agent: str) -> str:
    """Return "Firefox on Linux" for what a browser says about itself, or the beginning of that for other programs."""
    name = next((name for key, name in words.BROWSERS if key in user_agent), "")
    system = next((name for key, name in words.SYSTEMS if key in user_agent), "")
    if name and system:
        return _("%(browser)s on %(system)s") % {"browser": name, "system": system}
    return name or user_agent[:60]


@register.filter
def last_part(path: str) -> str:
    """Return the name of a function without the modules that it is in."""
    return path.rpartition(".")[2]


@register.filter
def short_id(value: object) -> str:
    """Return the end of an id, which differs between neighbours where version-7 UUIDs begin alike."""
    return str(value)[-8:]


@register.filter
def places(value: float, count: int) -> str:
    """Return a number with a point, whatever the language: for coordinates."""
    return f"{value:.{count}f}"


@register.filter
def multiply(value: int, factor: int) -> int:
    """Return a product: the width of a picture with `value` columns."""
    return value * factor
