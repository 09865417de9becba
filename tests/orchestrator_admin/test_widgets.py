"""Widgets are written by hand for speed: the same HTML as Django's own templates make."""

from datetime import date

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.test.html import parse_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from orchestrator_admin.templatetags.ui import field
from orchestrator_admin.widgets import Renderer

NASTY = """<b class="x">&'"""
CHOICES = [
    ("", gettext_lazy("Any")),
    (1, NASTY),
    (None, date(2026, 3, 1)),
    (2.5, 1234.5),
    (NASTY, mark_safe("<i>safe</i>")),
    (NASTY, [(True, "yes"), (False, gettext_lazy("no"))]),
]
ATTRS = {"id": NASTY, "class": "mono", "disabled": True, "hidden": False, "rows": 8, "title": mark_safe("&lt;")}


class OwnTemplate(forms.Select):
    """A widget of somebody who has templates of their own."""

    option_template_name = "django/forms/widgets/radio_option.html"


WIDGETS = [
    *(widget(ATTRS) for widget in (
        forms.TextInput, forms.NumberInput, forms.EmailInput, forms.URLInput, forms.PasswordInput, forms.HiddenInput,
        forms.DateInput, forms.DateTimeInput, forms.TimeInput, forms.CheckboxInput, forms.Textarea, forms.FileInput,
        forms.ClearableFileInput, forms.MultipleHiddenInput, forms.NullBooleanSelect,
        forms.ColorInput, forms.SearchInput, forms.TelInput, forms.SelectDateWidget,
    )),
    *(widget(attrs, choices=CHOICES) for attrs in (ATTRS, {}) for widget in (
        forms.Select, forms.SelectMultiple, forms.RadioSelect, forms.CheckboxSelectMultiple, OwnTemplate,
    )),
]  # fmt: skip
VALUES = [None, "", "1", NASTY, mark_safe("&lt;"), 7, [1, NASTY], date(2026, 12, 25), True]


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_widget_looks_as_djangos_own(widget, value):
    several = isinstance(widget, forms.MultipleHiddenInput | forms.SelectMultiple | forms.CheckboxSelectMultiple)
    if several != isinstance(value, list):
        value = [value] if several else value[0]
    ours = widget.render(NASTY, value, renderer=Renderer())
    assert parse_html(ours) == parse_html(widget.render(NASTY, value, renderer=DjangoTemplates()))


def test_each_box_of_a_group_looks_as_djangos_own():
    class Form(forms.Form):
        which = forms.ChoiceField(choices=CHOICES, widget=forms.RadioSelect, initial=1)

    ours, theirs = (Form(renderer=renderer)["which"] for renderer in (Renderer(), DjangoTemplates()))
    assert [str(box.tag()) for box in ours] == [str(box.tag()) for box in theirs]
    assert list(map(parse_html, map(str, ours))) == list(map(parse_html, map(str, theirs)))


def test_it_is_what_forms_are_shown_with():
    assert isinstance(forms.Form().renderer, Renderer)


def test_a_text_of_several_lines_is_four_rows_high_unless_its_form_says_how_high():
    class Form(forms.Form):
        hosts = forms.CharField(widget=forms.Textarea)
        names = forms.CharField(widget=forms.Textarea(attrs={"rows": 10}))

    assert ' rows="4"' in field(Form()["hosts"])
    assert ' rows="10"' in field(Form()["names"])
