"""The components that pages are made of, as tags: they return safe HTML built from escaped values.

Templates load this one library; marks, times and texts stand in modules of their own beside it.
"""

from __future__ import annotations

import json
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Textarea
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from orchestrator_admin import words
from orchestrator_admin.addresses import address, address_of
from orchestrator_admin.templatetags import marks, texts, times

register = template.Library()
ROWS, ROWS_OF_DJANGO = 4, "10"  # of a text of several lines whose form says nothing about it
for part in (marks, texts, times):
    register.tags |= part.register.tags
    register.filters |= part.register.filters


@register.simple_tag
def url_of(url_name: str, key: object) -> str:
    """Return the address of one of many: as `url` does, for lists, which have hundreds."""
    return address_of(url_name, key)


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
    if isinstance(widget, Textarea) and widget.attrs.get("rows") == ROWS_OF_DJANGO:
        attrs["rows"] = ROWS
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
