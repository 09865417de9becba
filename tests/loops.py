"""Event loops of the tests' own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def run(scene: Coroutine[Any, Any, T], *, at_most: float = 120) -> T:
    """Run a coroutine to its end, in a thread: where a browser was started, the main thread has a loop already."""

    async def limited() -> T:
        return await asyncio.wait_for(scene, at_most)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, limited()).result()
