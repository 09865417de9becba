"""Pages follow each other without loss, whatever the rows' times, and whatever somebody writes into the address."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.http import QueryDict

from orchestrator_admin.paging import Page, paged
from tasks.models import Product

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def products() -> list[Product]:
    """Seven rows, three of which were made in the same microsecond."""
    made = [Product.objects.create(name=f"Node {number}") for number in range(7)]
    for number, product in enumerate(made):
        product.created_at = MOMENT + timedelta(minutes=number // 3)
        product.save()
    return made


def page(query: str = "", **options: object) -> Page[Product]:
    return paged(Product.objects.all(), "created_at", QueryDict(query.removeprefix("?")), size=2, **options)  # type: ignore[arg-type]


def walked(**options: object) -> list[Product]:
    """All rows, page after page."""
    found = page(**options)
    rows = [*found.items]
    while found.next:
        found = page(found.next, **options)
        rows += found.items
    return rows


def test_every_row_comes_once_and_the_newest_first(products: list[Product]) -> None:
    rows = walked()
    assert sorted(row.pk for row in rows) == sorted(product.pk for product in products)
    keys = [(row.created_at, row.pk) for row in rows]
    assert keys == sorted(keys, reverse=True)


def test_what_several_parts_hold_comes_once(products: list[Product]) -> None:
    parts = [
        Product.objects.filter(name__in=["Node 0", "Node 1", "Node 5"]),
        Product.objects.filter(name__in=["Node 1", "Node 5", "Node 6"]),
    ]
    assert {row.name for row in walked(parts=parts)} == {"Node 0", "Node 1", "Node 5", "Node 6"}
    assert len(walked(parts=parts)) == 4
    assert {row.name for row in walked(parts=parts[:1])} == {"Node 0", "Node 1", "Node 5"}


def test_the_other_parameters_stay_in_the_addresses(products: list[Product]) -> None:
    second = page(page("?tag=a&tag=b&empty=").next)
    assert second.first == "?tag=a&tag=b"
    assert second.next.startswith("?tag=a&tag=b&after=")
    assert page().first == ""


def written(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "after",
    [
        "nonsense", "§", written([]), written(7), written(["2026-03-01T00:00:00+00:00"]), written(["tomorrow", "x"]),
        written(["2026-03-01T00:00:00", "x"]), written(["2026-03-01T00:00:00+00:00", "no key of this table"]),
        written(["2026-03-01T00:00:00+00:00", "\0"]), written([1, 2]), "W" * 4000,
    ],
)  # fmt: skip
def test_a_place_that_makes_no_sense_is_the_first_page(products: list[Product], after: str) -> None:
    query = QueryDict(mutable=True)
    query["after"] = after
    assert [row.pk for row in page(query.urlencode()).items] == [row.pk for row in page().items]
