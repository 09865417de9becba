"""Turns what Python code hands over into JSON that PostgreSQL can hold, or says exactly what it cannot hold."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Set
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

from django.db.models import Model, QuerySet
from django.utils.duration import duration_iso_string
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from tasks.secrets import Secret, SecretUnreadable, is_marked

AS_TEXT: Final = (
    UUID, Decimal, Promise, PurePath, IPv4Address, IPv6Address, IPv4Network, IPv6Network, IPv4Interface, IPv6Interface
)  # fmt: skip


class NotJson(ValueError):
    """A value that JSON cannot hold; `path` says where it was found."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(path, why)
        self.path, self.why = path, why

    def __str__(self) -> str:
        return f"{self.path}: {self.why}" if self.path else self.why


def plain(value: Any) -> Any:
    """Return what stands in JSON for a value whose type JSON does not know, one level deep: inputs and states alike.

    Raises TypeError with the name of a type that has no such form.
    """
    match value:
        case Enum():
            return value.value
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return duration_iso_string(value)
        case Model():
            return value.pk
        case Set():
            return sorted(value, key=str)
        case Mapping():
            return dict(value)
        case QuerySet():
            return list(value)
    if isinstance(value, AS_TEXT):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    raise TypeError(type(value).__name__)


def to_json(value: Any, path: str = "") -> Any:
    """Return `value` as JSON: dates in ISO 8601, decimals and UUIDs as text, model instances by key, secrets encrypted.

    Raises NotJson for what JSON or PostgreSQL cannot hold: other types, NUL characters, half surrogates, NaN, and what
    is nested deeper than Python can follow.
    """
    try:
        return _json(value, path)
    except RecursionError as error:
        raise NotJson(path, _("It is nested too deeply.")) from error


def _json(value: Any, path: str) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Secret):
        return value.to_json()
    if isinstance(value, Enum):
        return _json(value.value, path)
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _finite(value, path)
    if is_marked(value):
        return _secret(value, path)
    if isinstance(value, Mapping):
        return {_key(key, path): _json(each, _inside(path, key)) for key, each in value.items()}
    return _other(value, path)


def _secret(value: Any, path: str) -> Any:
    """Let only what we encrypted pass for a secret: anything else could never be read again."""
    try:
        return Secret.from_json(value).to_json()
    except SecretUnreadable as error:
        raise NotJson(path, str(error)) from error


def _other(value: Any, path: str) -> Any:
    if isinstance(value, list | tuple):
        return [_json(each, _inside(path, index)) for index, each in enumerate(value)]
    try:
        known = plain(value)
    except TypeError as error:
        raise NotJson(path, _("JSON cannot hold a %(type)s.") % {"type": error}) from error
    return _json(known, path)


def _text(value: str, path: str) -> str:
    if "\0" in value:
        raise NotJson(path, _("It holds a NUL character, which the database cannot store."))
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise NotJson(path, _("It holds half a character, which is no valid text.")) from error
    return str(value)


def _finite(value: float, path: str) -> float:
    if not math.isfinite(value):
        raise NotJson(path, _("JSON cannot hold the number %(value)s.") % {"value": value})
    return float(value)


def _key(key: Any, path: str) -> str:
    if isinstance(key, str | int | UUID) and not isinstance(key, bool):
        return _text(str(key), path)
    raise NotJson(path, _("The key %(key)r is no text.") % {"key": key})


def _inside(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)
