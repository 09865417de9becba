"""Renders the plain widgets of forms without Django's template engine; everything else as Django does.

A template for every option and for the attributes of every widget made half of what the form of a schedule took.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.forms.renderers import DjangoTemplates
from django.template import Context
from django.template.base import render_value_in_context
from django.utils.html import conditional_escape
from django.utils.safestring import SafeData, mark_safe

Widget = Mapping[str, Any]
FOLDER: Final = "django/forms/widgets"
_CONTEXT: Final = Context()


class Renderer(DjangoTemplates):
    """FORM_RENDERER. It makes the same HTML as Django's own, and finds templates of other widgets as that does."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        """Return the HTML of a widget, a form or a formset."""
        write = _WRITERS.get(template_name)
        if write is None or not all(option["template_name"] in _WRITERS for option in _options(context["widget"])):
            return super().render(template_name, context, request)
        return mark_safe(write(context["widget"]))  # noqa: S308  whatever is put into it has been escaped


def _options(widget: Widget) -> list[Widget]:
    return [option for _name, options, _index in widget.get("optgroups", ()) for option in options]


def _input(widget: Widget) -> str:
    value = "" if widget["value"] is None else f' value="{_plain(widget["value"])}"'
    return f'<input type="{_plain(widget["type"])}" name="{_plain(widget["name"])}"{value}{_attributes(widget)}>'


def _box(widget: Widget) -> str:
    """A radio button or a box, inside its label unless the page writes that."""
    if not widget.get("wrap_label"):
        return _input(widget)
    key = widget["attrs"].get("id")
    named = f' for="{_plain(key)}"' if key else ""
    return f"<label{named}>{_input(widget)} {_shown(widget['label'])}</label>"


def _boxes(widget: Widget) -> str:
    named = "".join(
        f' {name}="{_plain(widget["attrs"][name])}"' for name in ("id", "class") if widget["attrs"].get(name)
    )
    groups = []
    for name, options, _index in widget["optgroups"]:
        boxes = "".join(f"<div>{_one(option)}</div>" for option in options)
        groups.append(f"<div><label>{_shown(name)}</label>{boxes}</div>" if name else boxes)
    return f"<div{named}>{''.join(groups)}</div>"


def _one(option: Widget) -> str:
    return _WRITERS[option["template_name"]](option)


def _option(widget: Widget) -> str:
    return f'<option value="{_plain(widget["value"])}"{_attributes(widget)}>{_shown(widget["label"])}</option>'


def _select(widget: Widget) -> str:
    groups = []
    for name, options, _index in widget["optgroups"]:
        shown = "".join(map(_one, options))
        groups.append(f'<optgroup label="{_shown(name)}">{shown}</optgroup>' if name else shown)
    return f'<select name="{_plain(widget["name"])}"{_attributes(widget)}>{"".join(groups)}</select>'


def _textarea(widget: Widget) -> str:
    text = _shown(widget["value"]) if widget["value"] else ""
    return f'<textarea name="{_plain(widget["name"])}"{_attributes(widget)}>\n{text}</textarea>'


def _attributes(widget: Widget) -> str:
    parts = []
    for name, value in widget["attrs"].items():
        if value is True:
            parts.append(f" {_plain(name)}")
        elif value is not False:
            parts.append(f' {_plain(name)}="{_plain(value)}"')
    return "".join(parts)


def _plain(value: Any) -> str:
    """Return a value as it is sent and compared, whatever the language."""
    return conditional_escape(value if isinstance(value, SafeData) else str(value))


def _shown(value: Any) -> str:
    """Return a value as people read it."""
    return conditional_escape(value) if isinstance(value, str) else render_value_in_context(value, _CONTEXT)


_INPUTS = ("checkbox", "color", "date", "datetime", "email", "hidden", "input", "number", "password", "search", "tel",
           "text", "time", "url")  # fmt: skip
_WRITERS: Final[dict[str, Callable[[Widget], str]]] = {
    **{f"{FOLDER}/{name}.html": _input for name in _INPUTS},
    f"{FOLDER}/textarea.html": _textarea,
    f"{FOLDER}/select.html": _select,
    f"{FOLDER}/select_option.html": _option,
    f"{FOLDER}/radio.html": _boxes,
    f"{FOLDER}/radio_option.html": _box,
    f"{FOLDER}/checkbox_select.html": _boxes,
    f"{FOLDER}/checkbox_option.html": _box,
}
