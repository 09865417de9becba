"""Keeps secrets out of text: while a secret is in use, its plain value is covered in log lines and tracebacks.

The values in use belong to the running context, so what one thread or task hides does not concern another.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

COVER: Final = "••••"
SHORTEST: Final = 3
"""Values shorter than this are not searched for: covering every "a" would hide the text and no secret."""

_hidden: ContextVar[frozenset[str]] = ContextVar("hidden", default=frozenset())


@contextmanager
def hiding(values: Collection[str]) -> Iterator[None]:
    """Cover `values` in what is logged inside the block."""
    token = _hidden.set(_hidden.get() | frozenset(values))
    try:
        yield
    finally:
        _hidden.reset(token)


def cover(text: str, values: Collection[str] | None = None) -> str:
    """Return `text` with `values`, or those in use, covered: as they are, and as JSON or Python would write them."""
    for value in sorted(_hidden.get() if values is None else values, key=len, reverse=True):
        if len(value) >= SHORTEST:
            for form in (value, json.dumps(value)[1:-1], repr(value)[1:-1]):
                text = text.replace(form, COVER)
    return text


def cover_rendered(_logger: object, _method: str, rendered: str) -> str:
    """structlog processor, to come after the renderer."""
    return cover(rendered)
