"""Refuses `async def` where it could not keep what is promised.

A step runs in a thread, and what it writes commits on that thread's connection together with its result. A coroutine's
queries would go through other threads and connections, and a condition or predicate that is one would always hold.
"""

from __future__ import annotations

import inspect
from typing import Any


def refuse_async(function: Any, what: str) -> None:
    """Raise TypeError, saying what to write instead, where `function` is a coroutine function or async generator."""
    called = function if inspect.isroutine(function) else getattr(function, "__call__", None)  # noqa: B004
    if any(_is_async(each) for each in (function, called)):
        name = getattr(function, "__qualname__", repr(function))
        raise TypeError(
            f"{name}, {what}, is async. It runs in a thread, in a transaction of its own: write “def {name}”, and call "
            "asyncio.run(…) inside for what has to be awaited."
        )


def _is_async(function: Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
