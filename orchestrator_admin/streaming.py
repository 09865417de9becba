"""Long answers that are never held whole: each part is made when the one before it has been sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.http import StreamingHttpResponse


class Streamed(StreamingHttpResponse):
    """A streamed answer of a plain iterator. Django would collect all of it first where the server is asynchronous.

    Between two parts neither a thread nor a database connection is kept: an iterator that asks the database has to ask
    anew for each part (`paging.batches`).
    """

    async def __aiter__(self) -> AsyncIterator[bytes]:
        parts = iter(self.streaming_content)  # type: ignore[arg-type]
        while (part := await sync_to_async(_next)(parts)) is not None:
            yield part


def _next(parts: Iterator[Any]) -> Any:
    try:
        return next(parts, None)
    finally:
        close_old_connections()
