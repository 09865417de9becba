"""Asks the callbacks of workflows whether somebody may do something. They may be async, as in orchestrator-core."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from django.db import transaction

from accounts.permissions import Person
from tasks import sql
from tasks.exceptions import AuthorisationFailed
from tasks.steps import Authorizer

logger = structlog.get_logger(__name__)


def permits(callback: Authorizer | None, user: Person) -> bool:
    """Tell whether the callback lets `user` do it; no callback lets everybody."""
    if callback is None:
        return True
    answer: Any = callback(user)
    return bool(async_to_sync(_awaited)(answer) if inspect.isawaitable(answer) else answer)


def permits_safely(callback: Authorizer | None, user: Person, workflow_name: str) -> bool:
    """Tell the same where a callback that raises permits nothing. Raises AuthorisationFailed, which says so."""
    if callback is None:
        return True
    try:
        with transaction.atomic():  # a statement of the author's that fails must not spoil what comes after
            return permits(callback, user)
    except sql.CONNECTION_TROUBLE:
        raise
    except Exception as error:
        logger.warning("authorisation_failed", workflow_name=workflow_name, exc_info=error)
        raise AuthorisationFailed(workflow_name, error) from error


async def _awaited(answer: Awaitable[Any]) -> Any:
    return await answer
