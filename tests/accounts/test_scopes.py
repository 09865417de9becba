"""Every operation of the API, with a token of each scope: what a token is not for, it does not do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import Scope
from accounts.tokens import create_token
from tests.accounts.expectations import EXPECTED, expected
from tests.accounts.world import World, writes

pytestmark = pytest.mark.django_db
OPEN = {"api/", "api/schema/", "api/docs/"}
# POST that asks and changes nothing.
ASKING = ("form/", "schedules/preview/")
# What another's row hides from the table of addresses: its method.
HIDDEN = {"api/tokens/<uuid:token_id>/": ["DELETE"], "api/sessions/<int:pk>/": ["DELETE"]}
BY_PREFIX = {"api/processes/": Scope.START, "api/schedules/": Scope.SCHEDULE}
OPERATIONS = [
    (method, text)
    for text, rules in EXPECTED.items()
    if text.startswith("api/") and text not in OPEN and "callback" not in text
    for method in HIDDEN.get(text) or expected(rules)
]


def needed(method: str, text: str) -> Scope:
    if method == "GET" or text.endswith(ASKING):
        return Scope.READ
    return next((scope for prefix, scope in BY_PREFIX.items() if text.startswith(prefix)), Scope.ADMIN)


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("scope", Scope)
def test_a_token_does_what_its_scope_is_for_and_nothing_else(world: World, scope: Scope) -> None:
    _, text = create_token(world.people["admin"], scopes=[scope])
    client = Client(headers={"Authorization": f"Token {text}"}, raise_request_exception=False)
    assert len(OPERATIONS) > 45
    wrong = []
    for method, address in OPERATIONS:
        allowed = scope in {needed(method, address), Scope.ADMIN}
        if allowed and method != "GET":
            continue  # what is done then is for other tests
        before = writes()
        body = json.dumps(world.body(address, method))
        answer: Any = client.generic(method, world.path(address), body, content_type="application/json")
        written = {table for table, number in writes().items() if number != before.get(table, 0)}
        refused = answer.status_code == 403 and needed(method, address) in answer.json()["detail"]
        if allowed == refused or (refused and written - {"accounts_authtoken", "accounts_rate"}):
            wrong.append((method, address, answer.status_code, written))
    assert not wrong
