"""Forms read the same values from JSON and from a web page."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.http import QueryDict

from orchestrator.forms import FormPage, SecretField
from tasks.forms import bound, initial_of, posted
from tasks.inputs import stored
from tasks.secrets import conceal, is_marked


class Every(FormPage):
    text = forms.CharField(required=False)
    tick = forms.BooleanField(required=False, initial=True)
    maybe = forms.NullBooleanField(required=False)
    one = forms.ChoiceField(choices=[("1", "One"), ("2", "Two")])
    many = forms.MultipleChoiceField(choices=[("1", "One"), ("2", "Two")], required=False)
    typed = forms.TypedMultipleChoiceField(choices=[(1, "One"), (2, "Two")], coerce=int, required=False)
    both = forms.SplitDateTimeField(required=False)
    date = forms.DateField(required=False, widget=forms.SelectDateWidget)
    data = forms.JSONField(required=False)
    fixed = forms.CharField(disabled=True, initial="fixed")
    password = SecretField(required=False)


POST = "one=2&many=1&many=2&typed=1&both_0=2026-03-01&both_1=10:00&date_year=2026&date_month=3&date_day=1&data=[1]&maybe=true&password=s3cret"  # noqa: E501


def test_what_a_page_posts_is_what_json_says() -> None:
    inputs = posted(Every, QueryDict(POST))
    assert inputs == {
        "text": None, "tick": False, "maybe": True, "one": "2", "many": ["1", "2"], "typed": ["1"],
        "both": ["2026-03-01", "10:00"], "date": "01/03/2026", "data": "[1]", "password": "s3cret",
    }  # fmt: skip
    from_page, from_form = bound(Every, inputs), Every(QueryDict(POST))
    assert from_page.errors == from_form.errors == {}
    assert from_page.cleaned_data == from_form.cleaned_data
    as_json = {**inputs, "both": "2026-03-01T10:00:00", "data": [1], "typed": [1], "one": 2, "date": "2026-03-01"}
    assert bound(Every, as_json).cleaned_data == from_form.cleaned_data


def test_a_tick_that_is_not_posted_is_off_and_one_that_json_omits_has_its_initial_value() -> None:
    assert bound(Every, posted(Every, QueryDict("one=1"))).cleaned_data["tick"] is False
    assert bound(Every, {"one": "1"}).cleaned_data["tick"] is True


def test_a_form_with_errors_shows_what_was_given() -> None:
    html = str(bound(Every, posted(Every, QueryDict("one=9&text=kept&both_0=2026-03-01&both_1=25:00&data={"))))
    assert 'value="kept"' in html
    assert 'value="25:00"' in html
    assert "Enter valid JSON" in html or "Enter a valid JSON" in html


def test_a_secret_is_never_shown_again() -> None:
    form = bound(Every, {"one": "9", "password": "s3cret-value"})
    assert form.errors
    assert "s3cret-value" not in str(form)
    stored = conceal({"password": Every().fields["password"].clean("s3cret-value")})
    page = str(Every(initial=stored)["password"])
    assert "••••" in page
    assert stored["password"]["__secret__"] not in page
    assert "••••" not in str(Every()["password"])


def test_a_secret_that_is_left_empty_stays_what_it_was() -> None:
    kept = conceal({"password": Every().fields["password"].clean("s3cret-value")})
    assert posted(Every, QueryDict("one=1&password="), kept=kept)["password"] == kept["password"]
    assert posted(Every, QueryDict("one=1&password=new"), kept=kept)["password"] == "new"
    assert posted(Every, QueryDict("one=1&password="), kept={"password": "plain"})["password"] == ""
    assert is_marked(kept["password"])


@pytest.mark.parametrize("name", ["text", "one", "date", "password", "tick"])
@pytest.mark.parametrize("value", [["a"], {"a": "b"}])
def test_a_list_or_a_mapping_is_refused_where_one_value_belongs(name: str, value: Any) -> None:
    assert bound(Every, {"one": "1", name: value}).errors == {name: ["Enter a single value."]}


def test_a_form_of_another_base_works_too() -> None:
    class Plain(forms.Form):
        name = forms.CharField(strip=False)

    assert bound(Plain, {"name": " a "}).cleaned_data == {"name": " a "}


def test_the_prefix_of_a_form_is_respected() -> None:
    inputs = posted(Every, QueryDict("p-one=2"), prefix="p")
    assert inputs["one"] == "2"
    assert bound(Every, inputs, prefix="p").cleaned_data["one"] == "2"


def test_stored_inputs_fill_a_form_that_gives_the_same_inputs_again() -> None:
    page = QueryDict(f"{POST}&text=kept&data=%7B%22a%22%3A1%7D")
    [once] = stored(Every, [posted(Every, page)])
    assert (once["date"], once["both"], once["data"]) == ("2026-03-01", "2026-03-01T10:00:00+00:00", {"a": 1})
    form = Every(initial=initial_of(Every, once))
    html = str(form)
    assert 'value="10:00:00"' in html
    assert "{&quot;a&quot;: 1}" in html
    assert "s3cret" not in html
    again = QueryDict(mutable=True)
    for name in form.fields:
        shown = form[name].field.widget.get_context(name, form[name].value(), {})["widget"]
        for part in shown.get("subwidgets", [shown]):
            if part["value"] not in (None, []):
                again.setlist(part["name"], part["value"] if isinstance(part["value"], list) else [part["value"]])
    again.pop("password", None)
    assert stored(Every, [posted(Every, again, kept=once)]) == [once]


def test_stored_inputs_that_are_no_longer_valid_are_left_out() -> None:
    assert initial_of(Every, {"one": "9", "both": "nonsense", "text": "kept", "gone": 1}) == {"text": "kept"}
