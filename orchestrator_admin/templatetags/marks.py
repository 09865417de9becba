"""Icons, and the shapes of statuses: made here from escaped values, as a page has hundreds."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from html import escape
from typing import Any
from urllib.parse import quote

import lucide as lucide_icons
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import trans_real

from orchestrator_admin import shapes, words
from orchestrator_admin.addresses import address

register = template.Library()


@functools.cache
def _icon(name: str, size: int) -> SafeString:
    return mark_safe(  # noqa: S308  from a package, by a name in our templates
        lucide_icons._render_icon(name, size, aria_hidden="true", focusable="false")
    )


@register.simple_tag
def icon(name: str, size: int = 16) -> SafeString:
    """Show the lucide icon `name`, hidden from screen readers: the word stands beside it."""
    return _icon(str(name), size)


@register.simple_tag
def shape_sprite() -> SafeString:
    """Define the shapes of all statuses once a page; `status` and `marks` refer to them."""
    return shapes.sprite()


@register.simple_tag
def status(value: str, label: str = "") -> SafeString:
    """Show a status as shape, colour and word."""
    return _status(str(value), str(label or value))


@functools.lru_cache(maxsize=512)
def _status(value: str, label: str) -> SafeString:
    shape = shapes.of(value)
    return format_html(
        '<span class="status s-{} s-{}"><svg aria-hidden="true"><use href="#shape-{}"/></svg>{}</span>',
        shape.tone,
        value,
        shape.name,
        label or value,
    )


@register.simple_tag
def mark(value: str) -> SafeString:
    """Show a status as its shape alone, for where a label carries the word."""
    return _mark(str(value))


@functools.lru_cache(maxsize=128)
def _mark(value: str) -> SafeString:
    shape = shapes.of(value)
    return format_html(
        '<svg aria-hidden="true" class="s-{} mark"><use href="#shape-{}"/></svg>', shape.tone, shape.name
    )


@register.simple_tag
def marks(name: str, runs: Sequence[Any]) -> SafeString:
    """Show the last runs of a task as a row of shapes, each with its word and time, that leads to all of its runs.

    Made here and not in a template: a page has hundreds, so none may cost much.
    """
    if not runs:
        return SafeString("")
    parts, clock, catalogue = [], words.Clock(), trans_real.catalog()
    for number, run in enumerate(runs, start=1):
        word = _word(run.status, catalogue)
        opening, rest = _mark_of_run(run.status.value, word, last=number == len(runs))
        parts.append(f"{opening}{escape(f'{word}, {clock.say(run.started_at)}')}{rest}")
    href = f"{address('tasks:processes')}?workflow_name={quote(name)}"
    return SafeString(f'<a class="marks" href="{escape(href)}">{"".join(parts)}</a>')


@functools.lru_cache(maxsize=128, typed=True)
def _word(status: Any, _catalogue: object) -> str:
    return str(status.label)


@functools.lru_cache(maxsize=128)
def _mark_of_run(value: str, word: str, *, last: bool) -> tuple[str, str]:
    """Return what comes before the title of a run's mark, and what comes after it."""
    rest = format_html('"><span class="hidden-visually">{}{} </span>{}</span>', word, "" if last else ",", _mark(value))
    return f'<span class="s-{shapes.of(value).tone}" title="', rest


@register.simple_tag
def grid_cells(cells: Sequence[Any]) -> SafeString:
    """Show a row of a run grid. The keyboard goes from run to run in the head, not through hundreds of cells."""
    parts = []
    for cell in cells:
        if not cell.status:
            parts.append("<td></td>")
            continue
        opening = f'<td><a href="{escape(cell.address)}" title="{escape(cell.title)}" tabindex="-1">'
        parts.append(f'{opening}<span class="hidden-visually">{escape(cell.label)}</span>{_mark(cell.status)}</a></td>')
    return SafeString("".join(parts))


@register.filter
def tone(value: str) -> str:
    """Return the colour class of a status."""
    return shapes.of(value).tone
