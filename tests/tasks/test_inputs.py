"""Forms of one and of several pages, their errors by page and field, and the values that enter the state."""

from __future__ import annotations

from collections.abc import Generator
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from orchestrator.forms import FormPage, SecretField
from orchestrator.types import FormGenerator, State
from tasks.exceptions import InvalidInputs
from tasks.inputs import Complete, Page, complete, has_form, next_page, stored, validated
from tasks.models import Product, Subscription
from tasks.secrets import is_marked, reveal

ID = "01a20cfc-59c6-7a7f-aaf4-334637a7536a"


class Node(FormPage):
    title = "Which node"
    name = forms.CharField(max_length=20)
    ports = forms.IntegerField(min_value=1, initial=2)


class Ports(FormPage):
    speed = forms.ChoiceField(choices=[("10", "10G"), ("100", "100G")])


def node_and_ports(state: State) -> FormGenerator:
    node = yield Node
    many = node.ports > 2
    ports = (yield Ports) if many else None
    return {"node": node["name"], "speed": ports.speed if ports else "none", "asked_by": state.get("reporter")}


def errors_of(source: Any, inputs: Any, **options: Any) -> list[dict[str, list[str]]]:
    with pytest.raises(InvalidInputs) as caught:
        validated(source, inputs, **options)
    return caught.value.errors


# One form


def test_a_form_gives_its_cleaned_values() -> None:
    assert validated(Node, [{"name": "ams1", "ports": "4"}]) == {"name": "ams1", "ports": 4}


def test_a_field_that_is_not_given_has_its_initial_value() -> None:
    assert validated(Node, [{"name": "ams1"}]) == {"name": "ams1", "ports": 2}


def test_every_error_of_a_page_is_told_by_field() -> None:
    assert errors_of(Node, [{"ports": 0}]) == [
        {"name": ["This field is required."], "ports": ["Ensure this value is greater than or equal to 1."]}
    ]


def test_a_missing_page_is_told_by_its_required_fields() -> None:
    assert errors_of(Node, []) == [{"name": ["This field is required."]}]


def test_a_page_whose_fields_all_have_initial_values_need_not_be_given() -> None:
    class Easy(FormPage):
        days = forms.IntegerField(initial=3)

    assert validated(Easy, []) == {"days": 3}
    assert validated(Easy, None) == {"days": 3}


def test_a_field_that_does_not_exist_is_refused() -> None:
    assert errors_of(Node, [{"name": "a", "nmae": "b"}]) == [{"nmae": ["There is no field of this name."]}]


@pytest.mark.parametrize("source", [Node, None])
def test_a_refusal_is_short_however_many_fields_are_given_that_nobody_asks_for(admin_like: Any, source: Any) -> None:
    many = {f"{number} {'x' * 10_000}": 1 for number in range(1000)}
    [errors] = errors_of(source, [{"name": "a", **many}], user=admin_like)
    assert 20 <= len(errors) <= 21
    assert len(str(InvalidInputs([errors]))) < 5000


def test_a_page_too_many_is_refused() -> None:
    assert errors_of(Node, [{"name": "a"}, {"x": 1}]) == [{}, {"__all__": ["The form has no such page."]}]


@pytest.mark.parametrize("inputs", [{"name": "a"}, "text", [["name"]], 5, [None]])
def test_inputs_that_are_no_list_of_mappings_are_refused(inputs: Any) -> None:
    assert errors_of(Node, inputs) == [{"__all__": ["Inputs are a list of mappings, one a page."]}]


def test_errors_of_the_whole_form_are_told() -> None:
    class Strict(Node):
        def clean(self) -> None:
            raise ValidationError("Name and ports do not fit.")

    assert errors_of(Strict, [{"name": "a"}]) == [{"__all__": ["Name and ports do not fit."]}]


# Several pages


def test_later_pages_depend_on_earlier_answers() -> None:
    assert validated(node_and_ports, [{"name": "a"}])["speed"] == "none"
    assert validated(node_and_ports, [{"name": "a", "ports": 3}, {"speed": "100"}])["speed"] == "100"
    assert errors_of(node_and_ports, [{"name": "a"}, {"speed": "100"}]) == [
        {}, {"__all__": ["The form has no such page."]}
    ]  # fmt: skip


def test_the_generator_sees_the_state() -> None:
    assert validated(node_and_ports, [{"name": "a"}], state={"reporter": "eve"})["asked_by"] == "eve"


def test_errors_stand_at_their_page() -> None:
    assert errors_of(node_and_ports, [{"name": "a", "ports": 3}, {"speed": "7"}]) == [
        {}, {"speed": ["Select a valid choice. 7 is not one of the available choices."]}
    ]  # fmt: skip
    assert errors_of(node_and_ports, [{"name": "a", "ports": 3}]) == [{}, {"speed": ["This field is required."]}]


def test_the_page_that_is_open_is_returned_until_all_are_answered() -> None:
    first = next_page(node_and_ports, [])
    assert isinstance(first, Page)
    assert (first.index, first.form_class, first.title) == (0, Node, "Which node")
    second = next_page(node_and_ports, [{"name": "a", "ports": 3}])
    assert isinstance(second, Page)
    assert (second.index, second.form_class) == (1, Ports)
    assert isinstance(next_page(node_and_ports, [{"name": "a"}]), Complete)


def test_answers_are_a_mapping_with_attributes() -> None:
    seen: list[Any] = []

    def form() -> FormGenerator:
        page = yield Node
        seen.append(page)
        with pytest.raises(AttributeError, match="no field 'nmae'"):
            page.nmae  # noqa: B018
        return {**page}

    assert validated(form, [{"name": "a"}]) == {"name": "a", "ports": 2}
    assert (seen[0].name, seen[0]["ports"]) == ("a", 2)


def test_a_generator_that_returns_nothing_gives_all_answers() -> None:
    def form(state: State) -> Generator[Any, Any, None]:
        yield Node
        yield Ports

    assert validated(form, [{"name": "a"}, {"speed": "10"}]) == {"name": "a", "ports": 2, "speed": "10"}


def test_a_function_may_simply_return_a_form_or_ask_for_values_by_name() -> None:
    def form(limit: int, user: Any) -> type[forms.Form]:
        class Limited(FormPage):
            count = forms.IntegerField(max_value=limit, label=str(user))

        return Limited

    assert validated(form, [{"count": 3}], state={"limit": 3}) == {"count": 3}
    assert "count" in errors_of(form, [{"count": 4}], state={"limit": 3})[0]


def test_a_form_cannot_change_the_state() -> None:
    state = {"a": [1]}

    def form(state: State) -> FormGenerator:
        state["a"].append(2)
        yield Node
        return {}

    validated(form, [{"name": "x"}], state=state)
    assert state == {"a": [1]}


def test_an_author_may_refuse_after_a_page() -> None:
    def form() -> FormGenerator:
        page = yield Node
        if page.name == "x":
            raise ValidationError({"name": "No node is called x."})
        yield Ports
        raise ValidationError("Never.")

    assert errors_of(form, [{"name": "x"}]) == [{"name": ["No node is called x."]}]
    assert errors_of(form, [{"name": "y"}, {"speed": "10"}]) == [{}, {"__all__": ["Never."]}]


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (lambda: (yield from (int("x") for _ in "a")), "failed: ValueError"),
        (lambda: (yield "text"), "yields something that is no form"),
        (lambda: (yield Node) and 5, "returns something that is no mapping"),
        (lambda: (yield Node) and {"a": {"b": object()}}, "JSON cannot hold a object"),
    ],
)
def test_a_faulty_form_is_an_error_not_a_crash(problem: Any, sentence: str) -> None:
    [page] = errors_of(problem, [{"name": "a"}])
    [[message]] = page.values()
    assert sentence in message


def test_a_form_without_end_is_refused() -> None:
    class Empty(FormPage):
        pass

    def form() -> FormGenerator:
        while True:
            yield Empty

    assert errors_of(form, [])[-1] == {"__all__": ["The form of this task does not end."]}


# No form


def test_code_may_give_inputs_to_a_task_that_asks_for_none() -> None:
    assert validated(None, [{"subscription_id": UUID(ID)}, {"n": 1}]) == {"subscription_id": ID, "n": 1}
    assert validated(None, []) == {}


def test_people_may_not(admin_like: Any) -> None:
    assert errors_of(None, [{"subscription_id": ID}], user=admin_like) == [
        {"subscription_id": ["This task asks for no inputs."]}
    ]
    assert validated(None, [{}], user=admin_like) == {}


@pytest.fixture
def admin_like() -> Any:
    from accounts.models import User

    return User(username="somebody")


def test_has_form() -> None:
    assert has_form(Node)
    assert not has_form(None)


# Types


class Typed(FormPage):
    day = forms.DateField()
    price = forms.DecimalField()
    key = forms.UUIDField()
    at = forms.DateTimeField()
    lasts = forms.DurationField()
    extra = forms.JSONField()
    on = forms.BooleanField(required=False)


def test_values_reach_the_state_as_json_and_come_back_typed() -> None:
    seen: list[Any] = []

    def form() -> FormGenerator:
        page = yield Typed
        seen.append(page)
        return dict(page)

    given = {"day": "2026-03-01", "price": 1.5, "key": ID, "at": "2026-03-01T01:00:00+01:00", "lasts": "P1DT1H",
             "extra": {"a": [1]}, "on": True}  # fmt: skip
    values = validated(form, [given])
    assert values == {"day": "2026-03-01", "price": "1.5", "key": ID, "at": "2026-03-01T01:00:00+01:00",
                      "lasts": "P1DT01H00M00S", "extra": {"a": [1]}, "on": True}  # fmt: skip
    assert (seen[0].day, seen[0].price, seen[0].key) == (date(2026, 3, 1), Decimal("1.5"), UUID(ID))
    assert validated(form, [values]) == values
    assert seen[1] == seen[0]


def test_python_values_are_taken_as_they_are() -> None:
    assert validated(Typed, [{"day": date(2026, 3, 1), "price": Decimal(2), "key": UUID(ID), "at": "2026-03-01T00:00Z",
                              "lasts": "01:00:00", "extra": [1]}])["key"] == ID  # fmt: skip


@pytest.mark.django_db
def test_choices_come_from_the_database() -> None:
    node = Product.objects.create(name="Node")
    one = Subscription.objects.create(product=node, description="Node A", status="active")
    other = Subscription.objects.create(product=node, description="Node B", status="terminated")
    seen: list[Any] = []

    class Choose(FormPage):
        subscription = forms.ModelChoiceField(Subscription.objects.filter(status="active"))
        more = forms.ModelMultipleChoiceField(Subscription.objects.all(), required=False)

    def form() -> FormGenerator:
        page = yield Choose
        seen.append(page)
        return dict(page)

    given = {"subscription": one, "more": [one.pk, str(other.pk)]}
    values = validated(form, [given])
    assert values["subscription"] == str(one.pk)
    assert sorted(values["more"]) == sorted([str(one.pk), str(other.pk)])
    assert seen[0].subscription == one
    assert stored(form, [given]) == [{"subscription": str(one.pk), "more": [str(one.pk), str(other.pk)]}]
    assert "subscription" in errors_of(form, [{"subscription": str(other.pk)}])[0]


def test_read_only_fields_cannot_be_changed() -> None:
    class Fixed(FormPage):
        site = forms.CharField(initial="ams", disabled=True)
        name = forms.CharField()

    assert validated(Fixed, [{"name": "a", "site": "lon"}]) == {"name": "a", "site": "ams"}


def test_what_is_stored_means_the_same_in_every_language_and_zone() -> None:
    class When(FormPage):
        day = forms.DateField()
        at = forms.DateTimeField()
        count = forms.IntegerField()
        text = forms.CharField()

    with timezone.override("Europe/Amsterdam"):
        given = stored(When, [{"day": "03/12/2026", "at": "01/03/2026 10:00", "count": " 7 ", "text": " a "}])
    assert given == [{"day": "2026-12-03", "at": "2026-03-01T10:00:00+01:00", "count": 7, "text": " a "}]
    assert stored(When, given) == given


# Secrets


class Login(FormPage):
    user = forms.CharField()
    password = SecretField()
    token = SecretField(required=False)


def test_secrets_are_encrypted_in_state_and_store_and_may_be_given_again() -> None:
    outcome = complete(Login, [{"user": "eve", "password": "s3cret-value"}])
    assert is_marked(outcome.values["password"])
    assert outcome.values["token"] is None
    assert outcome.inputs == [{"user": "eve", "password": outcome.values["password"]}]
    again = complete(Login, outcome.inputs)
    assert again == outcome
    assert reveal(again.values)[0]["password"] == "s3cret-value"


def test_a_generator_gets_the_secret_itself_and_what_it_returns_is_encrypted() -> None:
    def form() -> FormGenerator:
        page = yield Login
        assert page.password == "s3cret-value"
        return {"login": {"secret": page.password}}

    assert is_marked(validated(form, [{"user": "eve", "password": "s3cret-value"}])["login"]["secret"])


def test_a_secret_that_cannot_be_read_is_an_error_of_its_field(settings: Any) -> None:
    inputs = stored(Login, [{"user": "eve", "password": "s3cret-value"}])
    settings.SECRET_KEY = "another key, long enough for the purpose"
    [page] = errors_of(Login, inputs)
    assert page["password"] == ["A secret was stored under another SECRET_KEY and cannot be read. Give it again."]


# What JSON may hold and a form must survive


@pytest.mark.parametrize("value", [[1], {"a": 1}, 5, 1.5, True, None, "", "x\0y", "\ud800", "x" * 100_000, [[{}]]])
@pytest.mark.parametrize("name", Typed.base_fields)
def test_no_json_value_makes_a_field_crash(name: str, value: Any) -> None:
    good = {"day": "2026-03-01", "price": 1, "key": ID, "at": "2026-03-01T01:00", "lasts": "1", "extra": 1, "on": True}
    try:
        validated(Typed, [{**good, name: value}])
        refused = [name]
    except InvalidInputs as error:
        refused = list(error.errors[0])
    assert refused == [name]
