"""Secrets that people give to a process: encrypted wherever they are stored, covered wherever they are shown.

In JSON a secret is a mapping with the one key `__secret__`, whose value is a Fernet token: encrypted and authenticated
with a key derived from SECRET_KEY (SECRET_KEY_FALLBACKS can still be read). A step function gets a `Secret`, a `str`.
Plain functions without a database; the functions on JSON never change what they are given.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Callable, Collection
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext as _

from orchestrator_admin.redaction import COVER, SHORTEST, cover

MARK: Final = "__secret__"


class SecretUnreadable(Exception):
    """A stored secret was encrypted with a SECRET_KEY that is not known here, or was tampered with."""

    def __str__(self) -> str:
        return _("A secret was stored under another SECRET_KEY and cannot be read. Give it again.")


class Secret(str):
    """A secret's plain text. It says so with `str()` only: its `repr`, and with it logs and tracebacks, is covered."""

    __slots__ = ("token",)
    token: str

    def __new__(cls, plain: str, token: str = "") -> Secret:
        """Make a secret of `plain`; `token` is its encrypted form, if there is one already."""
        secret = super().__new__(cls, plain)
        secret.token = token
        return secret

    def __repr__(self) -> str:
        return repr(COVER)

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        return str.__str__(self), self.token

    @classmethod
    def from_json(cls, marked: dict[str, Any]) -> Secret:
        """Decrypt a marked mapping. Raises SecretUnreadable."""
        token = marked[MARK]
        try:
            return cls(_fernet(_keys()).decrypt(token).decode(), token)
        except (InvalidToken, TypeError, ValueError) as error:
            raise SecretUnreadable from error

    def to_json(self) -> dict[str, str]:
        """Return the marked mapping; the same one each time for a secret that was read from one."""
        if not self.token:
            self.token = _fernet(_keys()).encrypt(str.__str__(self).encode()).decode()
        return {MARK: self.token}


def is_marked(value: Any) -> bool:
    """Tell whether `value` is a secret's encrypted form."""
    return isinstance(value, dict) and len(value) == 1 and MARK in value


def reveal(state: Any) -> tuple[Any, frozenset[str]]:
    """Return `state` with every marked mapping decrypted to a Secret, and the plain values.

    Where there is none the very same `state` is returned. Raises SecretUnreadable.
    """
    found: list[Secret] = []

    def opened(value: Any) -> Any:
        if not is_marked(value):
            return None
        found.append(Secret.from_json(value))
        return found[-1]

    revealed = _changed(state, opened)
    return revealed, frozenset(str.__str__(secret) for secret in found)


def conceal(state: Any, values: Collection[str] = ()) -> Any:
    """Return `state` with every Secret, and every text that contains one of `values`, as a marked mapping.

    Where there is none the very same `state` is returned.
    """
    searched = [value for value in values if len(value) >= SHORTEST]

    def closed(value: Any) -> Any:
        if isinstance(value, Secret):
            return value.to_json()
        if isinstance(value, str) and (value in values or any(plain in value for plain in searched)):
            return Secret(value).to_json()
        return None

    return _changed(state, closed)


def mask(value: Any) -> Any:
    """Return `value` as it may be shown: secrets, encrypted or not, are covered."""
    return _changed(value, lambda each: COVER if isinstance(each, Secret) or is_marked(each) else None)


def without_routes(value: Any) -> Any:
    """Return `value` with the tokens of callback routes covered, for people who may only look: they open the route."""
    return _changed(value, lambda each: _ROUTE.sub(rf"\1{COVER}", each) if isinstance(each, str) else None)


def mask_text(text: str, values: Collection[str]) -> str:
    """Return `text` with each of the plain `values` covered."""
    return cover(text, values)


_ROUTE = re.compile(r"(/api/processes/[0-9a-f-]{36}/callback/)[\w-]+")


def _changed(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return `value` with `change` applied at every depth; what it answers None to stays, and so does its container."""
    new = change(value)
    if new is not None:
        return new
    if isinstance(value, dict):
        members = {key: _changed(each, change) for key, each in value.items()}
        return members if any(members[key] is not value[key] for key in value) else value
    if isinstance(value, list | tuple):
        items = [_changed(each, change) for each in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value


def _keys() -> tuple[str, ...]:
    return settings.SECRET_KEY, *(str(key) for key in settings.SECRET_KEY_FALLBACKS)


@functools.lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    digests = (hashlib.sha256(b"orchestrator-admin secret field\0" + key.encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
