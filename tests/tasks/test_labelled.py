"""What was given to a form is shown in the form's own words, and as it is stored where those are gone."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from django import forms

from tasks.forms import FormPage, SecretField
from tasks.inputs import stored
from tasks.labelled import Answer, answers
from tasks.models import Product


class Peer(FormPage):
    asn = forms.IntegerField(label="AS number")
    router = forms.ChoiceField(choices=[("Amsterdam", [("ams1", "Amsterdam 1")]), ("utr1", "Utrecht 1")])
    drained = forms.BooleanField(required=False)
    password = SecretField()


class Sites(FormPage):
    sites = forms.MultipleChoiceField(choices=[("ams", "Amsterdam"), ("utr", "Utrecht")])


def both(state: dict[str, Any]) -> Generator[type[forms.Form], Any, dict[str, Any]]:
    peer = yield Peer
    sites = yield Sites
    return {**peer, **sites}


PEER = {"asn": 1103, "router": "ams1", "drained": True, "password": "not to be seen"}


def test_labels_and_words_of_choices_stand_for_names_and_values() -> None:
    found = {answer.name: answer for answer in answers(both, stored(both, [PEER, {"sites": ["ams", "utr"]}]))}
    assert found["asn"] == Answer("asn", 1103, "AS number")
    assert found["router"] == Answer("router", "ams1", "Router", "Amsterdam 1")
    assert found["drained"] == Answer("drained", True, "Drained", "yes")
    assert found["sites"] == Answer("sites", ["ams", "utr"], "Sites", "Amsterdam, Utrecht")
    assert "not to be seen" not in str(found["password"])


def test_what_the_form_does_not_know_is_shown_as_it_is_stored() -> None:
    old = {"asn": 1, "router": "rtm1", "area": "0.0.0.0"}
    assert answers(Peer, [old]) == [
        Answer("asn", 1, "AS number"),
        Answer("router", "rtm1", "Router"),
        Answer("area", "0.0.0.0"),
    ]
    assert answers(None, [{"asn": 1}]) == [Answer("asn", 1)]
    assert answers(Sites, [{"sites": ["ams"]}, {"asn": 1}])[1] == Answer("asn", 1)
    assert answers(both, [{"asn": "none"}, {"sites": ["ams"]}])[1] == Answer("sites", ["ams"])


class Broken(FormPage):
    asn = forms.IntegerField(label="AS number")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise LookupError("no such inventory")


def test_a_form_that_breaks_leaves_what_is_stored() -> None:
    assert answers(Broken, [{"asn": 1}]) == [Answer("asn", 1)]


class OfProduct(FormPage):
    product = forms.ModelChoiceField(Product.objects.all())
    others = forms.ModelMultipleChoiceField(Product.objects.all(), required=False)


@pytest.mark.django_db
def test_objects_are_called_as_the_form_calls_them_while_they_exist() -> None:
    product = Product.objects.create(name="Node", description="", product_type="Node", tag="NODE")
    given = {"product": str(product.pk), "others": [str(product.pk)]}
    assert [answer.words for answer in answers(OfProduct, [given])] == ["Node", "Node"]
    product.delete()
    assert [answer.words for answer in answers(OfProduct, [given])] == ["", ""]
