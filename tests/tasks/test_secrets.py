"""Secrets are encrypted where they are stored and covered where they are shown."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest

from tasks.secrets import Secret, SecretUnreadable, conceal, is_marked, mask, mask_text, reveal


def test_what_is_concealed_holds_no_plain_text_and_is_revealed_again() -> None:
    state = {"login": {"password": Secret("s3cret-value")}, "hosts": ["a", Secret("other-secret")], "n": 1}
    hidden = conceal(state)
    assert "s3cret-value" not in json.dumps(hidden)
    revealed, values = reveal(hidden)
    assert revealed == state
    assert isinstance(revealed["login"]["password"], Secret)
    assert values == {"s3cret-value", "other-secret"}


def test_without_secrets_the_same_object_comes_back() -> None:
    state = {"a": [1, {"b": "text"}], "__secret__": 1, "c": {"__secret__": "x", "d": 1}}
    assert conceal(state, ["nothing"]) is state
    assert reveal(state) == (state, frozenset())
    assert reveal(state)[0] is state
    assert mask(state) is state


def test_what_is_given_is_never_changed() -> None:
    state = {"a": [Secret("s3cret-value")]}
    conceal(state)
    assert isinstance(state["a"][0], Secret)


def test_a_text_that_contains_a_known_secret_is_encrypted_whole() -> None:
    hidden = conceal({"url": "https://me:s3cret-value@host", "other": "https://host"}, {"s3cret-value"})
    assert is_marked(hidden["url"])
    assert hidden["other"] == "https://host"
    assert reveal(hidden)[0]["url"] == "https://me:s3cret-value@host"


def test_a_short_secret_hides_only_what_equals_it() -> None:
    hidden = conceal({"pin": "7", "text": "17 nodes"}, {"7"})
    assert is_marked(hidden["pin"])
    assert hidden["text"] == "17 nodes"


def test_an_untouched_secret_keeps_its_token() -> None:
    hidden = conceal({"password": Secret("s3cret-value")})
    assert conceal(reveal(hidden)[0]) == hidden
    assert conceal(copy.deepcopy(reveal(hidden)[0])) == hidden
    assert conceal(pickle.loads(pickle.dumps(reveal(hidden)[0]))) == hidden


def test_masking_covers_encrypted_and_plain_secrets() -> None:
    state = {"password": Secret("s3cret-value"), "stored": conceal({"x": Secret("s3cret-value")}), "n": 1}
    assert mask(state) == {"password": "••••", "stored": {"x": "••••"}, "n": 1}


def test_its_repr_is_covered_and_its_text_is_usable() -> None:
    secret = Secret("s3cret-value")
    assert repr({"password": secret}) == "{'password': '••••'}"
    assert f"Bearer {secret}" == "Bearer s3cret-value"


def test_text_is_covered_the_longest_value_first() -> None:
    assert mask_text("login s3cret-value and s3cret", {"s3cret", "s3cret-value"}) == "login •••• and ••••"


def test_another_key_cannot_read_it_a_fallback_can(settings: Any) -> None:
    hidden = conceal({"password": Secret("s3cret-value")})
    settings.SECRET_KEY, old = "another secret key of good length", settings.SECRET_KEY
    with pytest.raises(SecretUnreadable, match="another SECRET_KEY"):
        reveal(hidden)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert reveal(hidden)[0] == {"password": "s3cret-value"}


@pytest.mark.parametrize("token", ["", "nonsense", 5, None, ["x"]])
def test_a_forged_token_is_refused(token: Any) -> None:
    with pytest.raises(SecretUnreadable):
        reveal({"password": {"__secret__": token}})
