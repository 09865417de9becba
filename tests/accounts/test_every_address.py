"""Every address that the application answers, with every method, for everybody: who gets in is stated here.

An address that is in the resolver and not in `EXPECTED` fails, and so does an expectation without an address. What is
asked for belongs to a workflow without grants, so that the roles decide; `foreign` is in a group with grants on
another one only. Nothing is believed of the status alone: who is refused writes nothing to the database, nobody
writes by GET, and where a mark says so, who is let in does write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.accounts.expectations import EXPECTED, METHODS, RANKS, addresses, expected
from tests.accounts.world import World

pytestmark = pytest.mark.django_db
# Views of django-allauth: they take PUT as POST, and describe themselves by OPTIONS.
ALLAUTH = {"login", "logout", "inactive", "signup", "reauthenticate", "password", "2fa", "3rdparty", "sessions"}
STRICT = "default-src 'none'"


def test_every_address_has_an_expectation_and_every_expectation_an_address() -> None:
    known = {text for text in addresses() if not text.startswith("admin/")}
    assert known - EXPECTED.keys() == set()
    assert EXPECTED.keys() - known == set()


def let_in(answer: Any) -> bool:
    to_login = answer.status_code == 302 and answer["Location"].startswith(("/accounts/login/", "/admin/login/"))
    return not to_login and answer.status_code not in {401, 403, 404, 405}


def faults(world: World, text: str, rules: dict[str, tuple[str, bool]]) -> Iterator[str]:
    """Ask for one address in every way, and yield what should not be."""
    lenient = text.startswith("accounts/") and not ALLAUTH.isdisjoint(text.split("/"))
    for method in METHODS:
        least, changes = rules.get(method, ("nobody", False))
        # A method that is not served, and pages that know no roles, need no more than the two ends of the scale.
        for rank in RANKS if method in rules and not lenient else ("anonymous", "superuser"):
            answer, written = world.ask(rank, method, text)
            said = f"{method} /{text} as {rank}: {answer.status_code}, written {written or 'nothing'}"
            allowed = least in RANKS and RANKS.index(rank) >= RANKS.index(least)
            if STRICT not in answer.get("Content-Security-Policy", ""):
                yield f"{said}, expected a strict content security policy"
            if answer.status_code >= 500 or (method == "GET" and written) or (not allowed and written):
                yield said
            elif allowed and not let_in(answer) and not (lenient and rank == "superuser"):
                yield f"{said}, expected to be let in"
            elif allowed and changes and not written:
                yield f"{said}, expected to change something"
            elif not allowed and method in {"GET", "HEAD"} and let_in(answer):
                yield f"{said}, expected to be refused"
            elif method not in rules and not lenient and let_in(answer):
                yield f"{said}, expected to be refused to everybody"
            elif rank == "anonymous" and not allowed and not lenient and let_in(answer):
                yield f"{said}, expected to be sent away"


@pytest.mark.parametrize("group", ["pages", "api", "accounts"])
def test_everybody_gets_in_where_it_says_so_and_nowhere_else(group: str) -> None:
    world = World()
    found: list[str] = []
    for text, rules in EXPECTED.items():
        if group == (text.split("/")[0] if text.startswith(("api/", "accounts/")) else "pages"):
            found += faults(world, text, expected(rules))
    assert not found, "\n".join(found)


def test_djangos_admin_lets_in_superusers_and_nobody_else() -> None:
    world = World()
    found = []
    for text in addresses():
        if not text.startswith("admin/") or text == "admin/logout/":
            continue
        path = "/" + re.sub(r"\(\?P<app_label>.*", "auth/", text.replace("^", "").replace("(?P<url>.*)$", "nothing"))
        path = re.sub(r"<(?:\w+:)?\w+>", str(world.victim.pk), path)
        for rank, method in (("anonymous", "GET"), ("admin", "GET"), ("admin", "POST")):
            answer = world.clients[rank].generic(method, path)
            if let_in(answer) or answer.status_code >= 500:
                found.append(f"{method} {path} as {rank}: {answer.status_code}")
    assert not found, "\n".join(found)
    assert world.clients["superuser"].get("/admin/").status_code == 200
