"""Python values become JSON that PostgreSQL can hold, or a sentence that says which one cannot."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.targets import Target
from tasks.models import Product
from tasks.secrets import Secret, is_marked
from tasks.values import NotJson, to_json

ID = UUID("01a20cfc-59c6-7a7f-aaf4-334637a7536a")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None), (True, True), (5, 5), (1.5, 1.5), ("text", "text"), ([1, "a"], [1, "a"]), ((1, 2), [1, 2]),
        ({3}, [3]), (date(2026, 3, 1), "2026-03-01"), (time(1, 30), "01:30:00"), (Decimal("1.10"), "1.10"),
        (datetime(2026, 3, 1, 2, 3, tzinfo=UTC), "2026-03-01T02:03:00+00:00"), (timedelta(hours=1), "P0DT01H00M00S"),
        (ID, str(ID)), (Target.SYSTEM, "SYSTEM"), (gettext_lazy("Tasks"), "Tasks"), (Path("/a"), "/a"),
        (ip_network("10.0.0.0/8"), "10.0.0.0/8"), ({ID: 1, 2: {"a": time(1)}}, {str(ID): 1, "2": {"a": "01:00:00"}}),
        (Product(product_id=ID), str(ID)), ([Product(product_id=ID)], [str(ID)]),
    ],
)  # fmt: skip
def test_known_types_have_one_form(value: Any, expected: Any) -> None:
    result = to_json(value)
    assert result == expected
    assert type(result) is type(expected)
    json.dumps(result)


@pytest.mark.django_db
def test_rows_of_a_query_become_keys() -> None:
    Product.objects.create(product_id=ID, name="Node")
    assert to_json({"products": Product.objects.all()}) == {"products": [str(ID)]}


def test_a_secret_is_encrypted() -> None:
    assert is_marked(to_json({"password": Secret("s3cret")})["password"])


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"a": [{"b": object()}]}, "a.0.b: JSON cannot hold a object."),
        ({"a": b"bytes"}, "a: JSON cannot hold a bytes."),
        ({"a": "x\0y"}, "a: It holds a NUL character, which the database cannot store."),
        ({"a": "\ud800"}, "a: It holds half a character, which is no valid text."),
        ({"a": float("nan")}, "a: JSON cannot hold the number nan."),
        ({"a": float("-inf")}, "a: JSON cannot hold the number -inf."),
        ({"a": {(1, 2): 3}}, "a: The key (1, 2) is no text."),
        ({"a\0": 3}, "It holds a NUL character, which the database cannot store."),
        (len, "JSON cannot hold a builtin_function_or_method."),
    ],
)
def test_what_cannot_be_held_is_named_with_its_place(value: Any, sentence: str) -> None:
    with pytest.raises(NotJson) as caught:
        to_json(value)
    assert str(caught.value) == sentence


def test_only_a_secret_that_was_encrypted_here_passes_for_one() -> None:
    marked = to_json({"password": Secret("s3cret")})
    assert to_json(marked) == marked
    with pytest.raises(NotJson, match="another SECRET_KEY"):
        to_json({"settings": {"__secret__": "forged"}})


def test_what_contains_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(NotJson, match="nested too deeply"):
        to_json({"a": endless})


floats = st.floats(-1e15, 1e15) | st.just(float("inf"))
moments = st.dates() | st.datetimes(timezones=st.just(UTC)) | st.timedeltas()
texts = st.text() | st.text(alphabet=st.characters()) | st.binary()
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | floats | texts | moments | st.decimals() | st.uuids(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@pytest.mark.django_db
@given(value=anything)
def test_what_is_accepted_can_be_stored_and_comes_back_the_same(value: Any) -> None:
    try:
        result = to_json(value)
    except NotJson:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::jsonb", [json.dumps(result)])
        assert json.loads(cursor.fetchone()[0]) == result
