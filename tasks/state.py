"""States as they are stored: JSON text, secrets encrypted, of a size and with characters that the database takes."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from tasks.exceptions import StateNotStorable
from tasks.secrets import MARK, SecretUnreadable, conceal, reveal
from tasks.values import plain

LIMIT: Final = 4_000_000
"""Bytes that a state may have as JSON."""
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_MARKED: Final = f'"{MARK}"'


def loads(text: str) -> tuple[dict[str, Any], frozenset[str]]:
    """Return a stored state with its secrets in plain text, and those texts."""
    state = json.loads(text)
    return reveal(state) if _MARKED in text else (state, frozenset())


def dumps(state: Mapping[str, Any], secrets: Collection[str] = ()) -> str:
    """Return `state` as JSON text with every Secret, and whatever equals one of `secrets`, encrypted.

    Raises StateNotStorable, naming the key, for what JSON or the database cannot hold, and for what only looks like one
    of our encrypted secrets.
    """
    try:
        text = _encoded(state)
        if _MARKED in text:
            reveal(json.loads(text))
        concealed = conceal(_plain(state) if secrets else state, secrets)
        if concealed is not state:
            text = _encoded(concealed)
    except SecretUnreadable as error:
        raise StateNotStorable(str(error)) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise StateNotStorable(_explained(state, error)) from None
    if len(text) > LIMIT:
        size = f"{len(text) / 1_000_000:.1f} MB"
        raise StateNotStorable(
            f"The state would be {size} large; the limit is {LIMIT // 1_000_000} MB. Keep large data elsewhere and put "
            f"a reference into the state."
        )
    if "\\u0000" in text or "\\ud" in text:
        _refuse_characters(state)
    return text


def _encoded(value: Any) -> str:
    return json.dumps(value, default=plain, allow_nan=False, separators=(",", ":"))


def _plain(state: Any) -> Any:
    """Return `state` with everything that only `plain` understands already turned into JSON's own types."""
    if isinstance(state, str | int | float | bool | None):
        return state
    if isinstance(state, Mapping):
        return {key: _plain(value) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return [_plain(value) for value in state]
    return _plain(plain(state))


def _explained(state: Mapping[str, Any], error: Exception) -> str:
    """Say which key of `state` is to blame."""
    for key, value in state.items():
        if not isinstance(key, str | int | float | bool | None):
            return f"The state has a key that is not text: {key!r}."
        try:
            _encoded({key: value})
        except RecursionError:
            return f"The value of “{key}” contains itself, or is nested too deeply, and cannot be stored as JSON."
        except (TypeError, ValueError) as cause:
            what = (
                "a number that JSON does not know (NaN or infinity)" if "JSON compliant" in str(cause) else str(cause)
            )
            if "Circular" in what:
                return f"The value of “{key}” contains itself and cannot be stored as JSON."
            return f"The value of “{key}” cannot be stored as JSON: {what}."
    return f"The state cannot be stored as JSON: {error}."


def _refuse_characters(state: Mapping[str, Any]) -> None:
    for key, value in state.items():
        if any(_UNSTORABLE.search(text) for text in _texts({key: value})):
            raise StateNotStorable(
                f"The value of “{key}” holds a NUL character, or half of a surrogate pair, which the database cannot "
                f"store."
            )


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in `value`, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, member in value.items():
            yield str(key)
            yield from _texts(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _texts(member)
    elif not isinstance(value, int | float | None):
        yield from _texts(plain(value))


def storable_text(text: str, limit: int) -> str:
    """Return `text` as the database takes it, with its middle cut out where it is longer than `limit` characters."""
    if len(text) > limit:
        half = limit // 2
        text = f"{text[:half]}\n… {len(text) - limit:,} characters left out …\n{text[-half:]}"
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
