"""A long answer leaves in parts, each made only when the one before it is on its way."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator_admin.streaming import Streamed
from tests.loops import run


def test_under_an_asynchronous_server_a_part_is_made_when_the_one_before_was_taken() -> None:
    made: list[int] = []

    def parts() -> Iterator[bytes]:
        for number in range(3):
            made.append(number)
            yield b"%d" % number

    async def take() -> list[tuple[bytes, int]]:
        return [(part, len(made)) async for part in Streamed(parts())]

    assert run(take()) == [(b"0", 1), (b"1", 2), (b"2", 3)]


def test_a_synchronous_server_streams_it_as_usual() -> None:
    assert b"".join(Streamed(iter([b"a", b"b"]))) == b"ab"
