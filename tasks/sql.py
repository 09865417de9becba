"""Runs the engine's own statements on Django's connection, the quick way.

Django's cursor binds parameters on the client, so that the server plans each statement anew. These few statements run
hundreds of times a second: a plain psycopg cursor prepares them (`prepare_threshold` in the settings).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, ParamSpec, TypeVar

import psycopg
from django.db import InterfaceError, NotSupportedError, OperationalError, connection
from psycopg.errors import DeadlockDetected
from psycopg.pq import TransactionStatus

P = ParamSpec("P")
T = TypeVar("T")

CONNECTION_TROUBLE: Final = (OperationalError, InterfaceError)


def fetch(statement: str, parameters: Mapping[str, Any] | Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows. `jsonb` comes back as text.

    What the server has prepared fits no more after a migration that changed the type of a column it returns: the
    connection is closed then, and OperationalError raised as when it breaks.
    """
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    try:
        with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description is not None else []
    except NotSupportedError as error:
        connection.close()
        raise OperationalError(*error.args) from error


def one(statement: str, parameters: Mapping[str, Any] | Sequence[Any] = ()) -> tuple[Any, ...] | None:
    """Run a statement and return its first row, or None where there is none."""
    rows = fetch(statement, parameters)
    return rows[0] if rows else None


def again_when_deadlocked(change: Callable[P, T]) -> Callable[P, T]:
    """Make a change again that PostgreSQL undid, because it and another transaction waited for each other.

    People and the sweeper lock a process and then its job, a worker takes a job and then its process. That they meet
    takes a job that was left over; what loses has changed nothing, and finds the way clear when it tries again. Within
    somebody else's transaction, which is lost with it, it raises what was raised.
    """

    @functools.wraps(change)
    def again(*args: P.args, **kwargs: P.kwargs) -> T:
        for _try in range(2):
            try:
                return change(*args, **kwargs)
            except OperationalError as error:
                if not isinstance(error.__cause__, DeadlockDetected) or connection.in_atomic_block:
                    raise
        return change(*args, **kwargs)

    return again


def untouched() -> bool:
    """Tell whether nothing was sent yet in the transaction that Django believes to have begun, and nothing waits."""
    if connection.connection is None:
        return True
    idle = connection.connection.info.transaction_status == TransactionStatus.IDLE
    return bool(idle and not connection.run_on_commit and not connection.needs_rollback)


@contextmanager
def dropped_when_broken() -> Iterator[None]:
    """Let go of a connection that broke, so that the next statement makes a new one."""
    try:
        yield
    except CONNECTION_TROUBLE:
        connection.close()
        raise
