"""Identifiers are UUIDs of version 7, in order of time."""

from __future__ import annotations

import time
import uuid

from orchestrator_admin.ids import uuid7


def test_an_id_is_of_version_seven_and_begins_with_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7()
    after = time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= made.int >> 80 <= after


def test_ids_of_different_milliseconds_are_in_order_and_none_comes_twice() -> None:
    first = uuid7()
    while time.time_ns() // 1_000_000 <= first.int >> 80:
        pass
    later = [uuid7() for _number in range(1000)]
    assert all(first < each for each in later)
    assert len(set(later)) == 1000
