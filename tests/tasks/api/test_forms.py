"""A form as programs see it: each field with its type, its choices, and nothing that is secret."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.utils.translation import gettext_lazy

from tasks.api.forms import MOST_CHOICES, described
from tasks.inputs import Complete, Page
from tasks.models import Product


class Nodes(forms.Form):
    site = forms.ChoiceField(
        label=gettext_lazy("Site"),
        choices=[("", "any"), ("Europe", [("ams", "Amsterdam"), ("par", "Paris")])],
        required=False,
    )
    count = forms.IntegerField(initial=3, help_text="How many")
    password = forms.CharField(widget=forms.PasswordInput, initial="never shown")
    made_at = forms.DateTimeField(initial=lambda: 1 / 0)
    limit = forms.DecimalField(initial=1)


def fields(form: type[forms.Form], **initial: Any) -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in described(Page(0, form, initial))["fields"]}


def test_a_page_is_described_by_its_fields() -> None:
    found = fields(Nodes, count=gettext_lazy("Tasks"))
    assert [found["site"][key] for key in ("label", "type", "required")] == ["Site", "ChoiceField", False]
    assert found["site"]["choices"] == [["", "any"], ["ams", "Amsterdam"], ["par", "Paris"]]
    assert found["count"]["initial"] == "Tasks"
    assert found["count"]["help_text"] == "How many"
    assert (found["password"]["secret"], found["password"]["initial"]) == (True, None)
    assert found["made_at"]["initial"] is None  # computed when it is needed
    assert found["limit"]["choices"] is None


@pytest.mark.django_db
def test_rows_to_choose_from_are_named_by_their_key_and_not_without_end() -> None:
    Product.objects.bulk_create(Product(name=f"Node {number:04}") for number in range(MOST_CHOICES + 5))

    class Choose(forms.Form):
        product = forms.ModelChoiceField(Product.objects.order_by("name"), empty_label=None)

    choices = fields(Choose)["product"]["choices"]
    assert len(choices) == MOST_CHOICES
    assert choices[0] == [str(Product.objects.get(name="Node 0000").pk), "Node 0000"]


def test_where_nothing_is_asked_any_more_there_are_no_fields() -> None:
    assert described(Complete({}, [])) == {"complete": True, "index": None, "fields": []}
