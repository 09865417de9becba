"""The components that rows are made of, as tags: they return safe HTML built from escaped values."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import quote

import lucide as lucide_icons
from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import trans_real

from orchestrator_admin import shapes, words
from orchestrator_admin.addresses import address, address_of

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
def url_of(url_name: str, key: object) -> str:
    """Return the address of one of many: as `url` does, for lists, which have hundreds."""
    return address_of(url_name, key)


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


@register.filter
def clock(moment: datetime | None) -> str:
    """Return a moment as text, for titles and labels."""
    return words.clock(moment) if moment else ""


@register.filter
def log_time(moment: datetime) -> str:
    """Return the time of a log line to the millisecond, in the viewer's zone."""
    return f"{timezone.localtime(moment):%H:%M:%S.%f}"[:-3]


@register.filter
def milliseconds(span: timedelta | None) -> int:
    """Return a length of time as a number, for the script that lets it run on."""
    return round(span.total_seconds() * 1000) if span else 0


@register.filter
def places(value: float, count: int) -> str:
    """Return a number with a point, whatever the language: for coordinates."""
    return f"{value:.{count}f}"


@register.filter
def multiply(value: int, factor: int) -> int:
    """Return a product: the width of a picture with `value` columns."""
    return value * factor


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


@register.simple_tag
def when(moment: datetime | None, empty: str = "") -> SafeString | str:
    """Show a moment to the minute in the viewer's zone; its title gives seconds, zone and UTC."""
    if moment is None:
        return empty
    return _time(moment, words.clock(moment))


@register.simple_tag
def when_inside(moment: datetime | None, empty: str = "") -> SafeString | str:
    """Show a moment inside a sentence: "until tomorrow 01:00"."""
    if moment is None:
        return empty
    return _time(moment, words.clock(moment, inside=True))


@register.simple_tag
def when_exactly(moment: datetime | None, empty: str = "") -> SafeString | str:
    """Show a moment to the second: for runs, which are told apart by it."""
    if moment is None:
        return empty
    return _time(moment, words.clock(moment, seconds=True))


@register.simple_tag
def when_due(moment: datetime | None, empty: str = "") -> SafeString | str:
    """Show a due time: to the second only where it does not fall on a full minute."""
    if moment is None:
        return empty
    return _time(moment, words.clock(moment, seconds=moment.second != 0))


@register.simple_tag
def ago(moment: datetime | None, empty: str = "") -> SafeString | str:
    """Show how far a moment is away: "in 3 min", "2 h ago". The page's script keeps it true."""
    if moment is None:
        return empty
    return _time(moment, words.relative(moment), "ago")


def _time(moment: datetime, text: str, kind: str = "when") -> SafeString:
    stamp = moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    title, shown = escape(words.exact(moment)), escape(text)
    # Put together by hand, from escaped parts: a list shows a hundred times.
    return SafeString(f'<time class="{kind}" datetime="{stamp}" title="{title}">{shown}</time>')


@register.simple_tag
def duration(span: timedelta | None, empty: str = "") -> str:
    """Show a length of time."""
    return words.duration(span) or empty


@register.simple_tag
def words_for_script() -> str:
    """Return, as JSON, the words that `static/js/page.js` builds times and complaints from."""
    return json.dumps(
        {
            "now": _("now"),
            "in": _("in %(span)s") % {"span": "%s"},
            "ago": _("%(span)s ago") % {"span": "%s"},
            "s": words.in_seconds("%s"),
            "min": words.in_minutes("%s"),
            "h": words.in_hours("%s"),
            "day": words.in_days(1, "%s"),
            "days": words.in_days(2, "%s"),
            "refused": _("That did not work: the server answered %(status)s. Reload the page and try again.")
            % {"status": "%s"},
            "unreachable": _("The server cannot be reached. Nothing was changed; try again."),
        }
    )


@register.simple_tag
def addresses_for_script() -> str:
    """Return, as JSON, where `g` and a letter lead."""
    pages = {"d": "dashboard", "t": "tasks:list", "s": "schedules:list", "p": "tasks:processes",
             "w": "tasks:workflows", "y": "system"}  # fmt: skip
    return json.dumps({key: address(name) for key, name in pages.items()})


@register.simple_tag(takes_context=True)
def nav_link(context: dict[str, Any], url_name: str, label: str) -> SafeString:
    """Show one tab of the top bar, marked as current on its own pages and on those below it."""
    href = address(url_name)
    request = context.get("request")
    if request is None or not request.path.startswith(href):
        return format_html('<a href="{}">{}</a>', href, label)
    current = "page" if request.path == href else "true"
    return format_html('<a href="{}" aria-current="{}">{}</a>', href, current, label)


@register.simple_tag
def field(bound: BoundField, say_optional: bool = True) -> SafeString:
    """Show a form field with its label above, help below and errors beside their cause."""
    widget = bound.field.widget
    if bound.is_hidden:
        return bound.as_widget()
    boxed = isinstance(widget, CheckboxInput)
    grouped = isinstance(widget, RadioSelect | CheckboxSelectMultiple)
    told = say_optional and not bound.field.required and not boxed
    optional = "" if not told else format_html(' <span class="optional">{}</span>', _("optional"))
    attrs: dict[str, Any] = {}
    described = [f"{bound.auto_id}_error"] if bound.errors else []
    if bound.help_text:
        described.insert(0, f"{bound.auto_id}_helptext")
    if described and not grouped:
        attrs["aria-describedby"] = " ".join(described)
    control = bound.as_widget(attrs=attrs)
    label = (
        format_html("<legend>{}{}</legend>", bound.label, optional)
        if grouped
        else format_html('<label for="{}">{}{}</label>', bound.id_for_label, bound.label, optional)
    )
    return format_html(
        '<{tag} class="field{check}{wrong}">{first}{second}{help}{errors}</{tag}>',
        tag="fieldset" if grouped else "div",
        check=" check" if boxed else "",
        wrong=" wrong" if bound.errors else "",
        first=control if boxed else label,
        second=label if boxed else control,
        help=format_html('<span class="help" id="{}_helptext">{}</span>', bound.auto_id, bound.help_text)
        if bound.help_text
        else "",
        errors=format_html(
            '<ul class="error" id="{}_error">{}</ul>',
            bound.auto_id,
            format_html_join("", "<li>{}</li>", ((error,) for error in bound.errors)),
        )
        if bound.errors
        else "",
    )


@register.inclusion_tag("components/form_fields.html")
def form_fields(form: Any) -> dict[str, Any]:
    """Show all fields of a form, after what is wrong with the form as a whole."""
    return {"form": form}
