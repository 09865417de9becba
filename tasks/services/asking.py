"""Asks the callbacks of workflows whether somebody may do something. They may be async, as in orchestrator-core."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable
from typing import Any

from asgiref.sync import async_to_sync

from accounts.permissions import Person
from tasks.steps import Authorizer


def permits(callback: Authorizer | None, user: Person) -> bool:
    """Tell whether the callback lets `user` do it; no callback lets everybody."""
    if callback is None:
        return True
    answer: Any = callback(user)
    return bool(async_to_sync(_awaited)(answer) if inspect.isawaitable(answer) else answer)


async def _awaited(answer: Awaitable[Any]) -> Any:
    return await answer
