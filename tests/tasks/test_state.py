"""States as they are stored: what a step may return, what it may not, and what is said of the latter."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest

from orchestrator.targets import Target
from tasks.exceptions import StateNotStorable
from tasks.models import Product
from tasks.secrets import Secret, is_marked
from tasks.state import LIMIT, dumps, loads, storable_text

ID = UUID("01a20cfc-59c6-7a7f-aaf4-334637a7536a")


@dataclass
class Node:
    name: str
    address: Any


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (date(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1, tzinfo=UTC), "2026-03-01T00:00:00+00:00"),
        (timedelta(minutes=5), "P0DT00H05M00S"),
        (Decimal("1.10"), "1.10"),
        (Target.SYSTEM, "SYSTEM"),
        (ip_address("192.0.2.1"), "192.0.2.1"),
        ({"b", "a"}, ["a", "b"]),
        (MappingProxyType({"a": ID}), {"a": str(ID)}),
        (Product(product_id=ID), str(ID)),
        (Node("core1", ip_address("2001:db8::1")), {"name": "core1", "address": "2001:db8::1"}),
    ],
)
def test_what_a_step_returns_has_the_form_that_an_input_would_have(value: Any, expected: Any) -> None:
    assert loads(dumps({"key": [value]})) == ({"key": [expected]}, frozenset())


@pytest.mark.parametrize(
    "hidden",
    [["s3cret-value"], ("s3cret-value",), {"of s3cret-value"}, MappingProxyType({"a": "s3cret-value"}),
     Node("core1", ["s3cret-value"]), {"a": [{"b": "before s3cret-value after"}]}],
)  # fmt: skip
def test_a_secret_is_encrypted_wherever_it_hides_and_found_again(hidden: Any) -> None:
    text = dumps({"key": hidden, "password": Secret("s3cret-value")}, {"s3cret-value"})
    assert "s3cret" not in text
    assert is_marked(json.loads(text)["password"])
    state, secrets = loads(text)
    assert state["password"] == "s3cret-value"
    assert "s3cret-value" in secrets


def endless() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


def deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"fine": 1, "odd": object()}, "The value of “odd” cannot be stored as JSON: object."),
        ({"odd": b"bytes"}, "The value of “odd” cannot be stored as JSON: bytes."),
        ({"odd": float("nan")}, "a number that JSON does not know (NaN or infinity)"),
        ({"odd": endless()}, "The value of “odd” contains itself"),
        ({"odd": deep()}, "The value of “odd” contains itself, or is nested too deeply"),
        ({(1, 2): "x"}, "The state has a key that is not text: (1, 2)."),
        ({"odd": "a\0b"}, "The value of “odd” holds a NUL character"),
        ({"odd": [{"deep": ("\ud800",)}]}, "The value of “odd” holds a NUL character, or half of a surrogate pair"),
        ({"odd": {"half \ud800": 1}}, "The value of “odd” holds a NUL character"),
        ({"odd": Node("\0", None)}, "The value of “odd” holds a NUL character"),
        ({"odd": {"__secret__": "forged"}}, "cannot be read"),
        ({"large": "x" * LIMIT}, "The state would be 4.0 MB large; the limit is 4 MB."),
    ],
)  # fmt: skip
def test_what_cannot_be_stored_is_refused_with_the_key_that_is_to_blame(state: Any, sentence: str) -> None:
    with pytest.raises(StateNotStorable) as caught:
        dumps(state)
    assert sentence in str(caught.value)


def test_a_text_that_only_looks_like_an_unstorable_one_is_kept() -> None:
    state = {"a": r"a backslash and u0000: \u0000", "b": 1}
    assert loads(dumps(state))[0] == state


def test_a_long_text_loses_its_middle_and_an_odd_one_its_odd_characters() -> None:
    cut = storable_text("a" * 60 + "b" * 60, 100)
    assert cut.startswith("a" * 50 + "\n… 20 characters left out …\n")
    assert cut.endswith("b" * 50)
    assert storable_text("\0 \ud800", 100) == "\N{REPLACEMENT CHARACTER} ?"
