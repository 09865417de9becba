"""Workflows, products and subscriptions."""

from __future__ import annotations

import pytest
from django.test import Client

from tasks.models import (
    Product,
    Subscription,
    Workflow,
)
from tests.pages import text_of

pytestmark = pytest.mark.django_db


def test_products_and_subscriptions_show_what_belongs_to_them(browser: Client) -> None:
    product = Product.objects.create(name="Node", product_type="Node")
    subscription = Subscription.objects.create(product=product, description="Node ams Provisioned", status="active")
    workflow = Workflow.objects.create(name="modify_node", target="MODIFY")
    workflow.products.add(product)
    page = text_of(browser.get(f"/products/{product.pk}/"))
    assert "Node ams Provisioned" in page
    assert "modify_node" in page
    assert "Node ams Provisioned" in text_of(browser.get("/subscriptions/?q=AMS"))
    assert "active" in text_of(browser.get(f"/subscriptions/{subscription.pk}/"))
    assert "Modify" in text_of(browser.get("/workflows/modify_node/"))
    assert "modify_node" in text_of(browser.get("/workflows/?target=MODIFY"))
