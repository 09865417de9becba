"""Workflows on products and subscriptions ask first which one, on every way in."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tasks import services, subjects
from tasks.exceptions import InvalidInputs
from tasks.models import Process, Product, Subscription, Workflow
from tests.people import somebody

pytestmark = pytest.mark.django_db


@pytest.fixture
def product() -> Product:
    """A product that has the workflows."""
    product = Product.objects.create(name="Node")
    for name in ("validating_one", "creating_one"):
        Workflow.objects.get(name=name).products.add(product)
    return product


@pytest.fixture
def subscription(product: Product) -> Subscription:
    return Subscription.objects.create(product=product, description="ams-01", status="active")


def errors_of(name: str, *pages: dict[str, Any]) -> list[dict[str, list[str]]]:
    with pytest.raises(InvalidInputs) as caught:
        services.start_process(name, pages)
    assert not Process.objects.exists()
    return caught.value.errors


def state_of(process: Process) -> dict[str, Any]:
    last = process.steps.last()
    assert last
    return dict(last.state)


def test_the_chosen_subscription_is_in_the_state_and_known_to_the_form(subscription: Subscription) -> None:
    key, product = str(subscription.pk), str(subscription.product_id)
    process = services.run_inline(services.start_process("validating_one", [{"subscription_id": key}, {"speed": 10}]))
    state = state_of(process)
    assert process.status == "completed"
    assert (state["subscription_id"], state["product"], state["speed"]) == (key, product, 10)
    assert state["seen"] == [key, product]


def test_the_chosen_product_is_in_the_state(product: Product) -> None:
    pages: list[dict[str, Any]] = [{"product": str(product.pk)}, {"speed": 10}]
    state = state_of(services.run_inline(services.start_process("creating_one", pages)))
    assert (state["product"], state["product_name"], state["speed"]) == (str(product.pk), "Node", 10)


def test_nothing_starts_without_a_subscription_that_exists_and_has_the_workflow(subscription: Subscription) -> None:
    other = Subscription.objects.create(product=Product.objects.create(name="Port"), description="port 1")
    assert errors_of("validating_one") == [{"subscription_id": ["This field is required."]}]
    assert errors_of("validating_one", {"subscription_id": "ams-01"})[0].keys() == {"subscription_id"}
    assert errors_of("validating_one", {"subscription_id": str(subscription.product_id)}) == [
        {"subscription_id": ["There is no such subscription."]}
    ]
    assert errors_of("validating_one", {"subscription_id": str(other.pk)}) == [
        {"subscription_id": ["This workflow is not for this subscription: its product “Port” does not have it."]}
    ]
    assert errors_of("validating_one", {"subscription_id": str(subscription.pk)}, {"speed": 0}) == [
        {},
        {"speed": ["Ensure this value is greater than or equal to 1."]},
    ]


def test_nothing_starts_without_a_product_that_exists_and_has_the_workflow(product: Product) -> None:
    other = Product.objects.create(name="Port")
    assert errors_of("creating_one", {"product": "01a20cfc-59c6-7a7f-aaf4-334637a7536a"}) == [
        {"product": ["There is no such product."]}
    ]
    assert errors_of("creating_one", {"product": str(other.pk)}) == [
        {"product": ["This workflow is not for the product “Port”, which does not have it."]}
    ]


def test_the_page_offers_the_subscriptions_that_have_the_workflow(client: Client, subscription: Subscription) -> None:
    Subscription.objects.create(product=Product.objects.create(name="Port"), description="port 1")
    client.force_login(somebody("root", is_superuser=True), backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/tasks/validating_one/").content.decode()
    assert f'<option value="{subscription.pk}">ams-01 · Node · active</option>' in page
    assert "port 1" not in page
    assert "Next" in page
    answered = client.post("/tasks/validating_one/", {"subscription_id": str(subscription.pk), "turn-page": "next"})
    assert 'name="speed"' in answered.content.decode()


def test_where_nothing_can_be_chosen_the_page_says_what_to_do(client: Client) -> None:
    client.force_login(somebody("root", is_superuser=True), backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/tasks/validating_one/").content.decode()
    assert "There is none to choose from: link a product to the workflow “validating_one”." in page


def test_of_very_many_subscriptions_the_id_is_asked_for(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects, "MOST_CHOICES", 2)
    made = Subscription.objects.bulk_create([Subscription(product=product, description=str(n)) for n in range(3)])
    from tasks.registry import get_workflow

    page = get_workflow("validating_one").initial_input_form.page()()
    assert "<select" not in page.as_p()
    assert services.start_process("validating_one", [{"subscription_id": str(made[2].pk)}, {"speed": 1}])
