"""Dates, durations and relative times read as people say them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from orchestrator_admin import words

NOW = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def amsterdam() -> Iterator[None]:
    """An hour ahead of UTC in November."""
    with timezone.override(ZoneInfo("Europe/Amsterdam")):
        yield


@pytest.mark.parametrize(
    ("moment", "said", "inside"),
    [
        (NOW + timedelta(minutes=10), "Today 18:10", "today 18:10"),
        (datetime(2026, 11, 24, 23, 30, tzinfo=UTC), "Tomorrow 00:30", "tomorrow 00:30"),  # there it is tomorrow
        (NOW - timedelta(days=1), "Yesterday 18:00", "yesterday 18:00"),
        (datetime(2026, 11, 26, 0, 30, tzinfo=UTC), "Thu 26 Nov 01:30", "Thu 26 Nov 01:30"),
        (datetime(2025, 11, 25, 0, 30, tzinfo=UTC), "25 Nov 2025 01:30", "25 Nov 2025 01:30"),
    ],
)
def test_a_moment_is_told_by_the_day_where_its_reader_is(moment: datetime, said: str, inside: str) -> None:
    assert words.clock(moment, NOW) == said
    assert words.clock(moment, NOW, inside=True) == inside
    assert words.clock(moment, NOW, seconds=True) == f"{said}:00"


def test_the_exact_moment_names_the_zone_and_utc_where_they_differ() -> None:
    assert words.exact(NOW) == "Tue 24 Nov 2026, 18:00:00 Europe/Amsterdam (24 Nov 17:00:00 UTC)"
    with timezone.override(UTC):
        assert words.exact(NOW) == "Tue 24 Nov 2026, 17:00:00 UTC"


@pytest.mark.parametrize(
    ("span", "to_come", "passed"),
    [
        (timedelta(milliseconds=900), "now", "now"),
        (timedelta(seconds=59.9), "in 59 s", "59 s ago"),
        (timedelta(minutes=3, seconds=50), "in 3 min", "3 min ago"),
        (timedelta(hours=23, minutes=59), "in 23 h", "23 h ago"),
        (timedelta(days=1, hours=23), "in 1 day", "1 day ago"),
        (timedelta(days=400), "in 400 days", "400 days ago"),
    ],
)
def test_a_distance_in_time_is_one_unit_rounded_down(span: timedelta, to_come: str, passed: str) -> None:
    assert words.relative(NOW + span, NOW) == to_come
    assert words.relative(NOW - span, NOW) == passed


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (None, ""),
        (timedelta(seconds=-1), "0 ms"),
        (timedelta(milliseconds=4), "4 ms"),
        (timedelta(seconds=5.01), "5.01 s"),
        (timedelta(seconds=5), "5 s"),
        (timedelta(seconds=12.34), "12.3 s"),
        (timedelta(seconds=12), "12 s"),
        (timedelta(minutes=1, seconds=12), "1 min 12 s"),
        (timedelta(minutes=2), "2 min"),
        (timedelta(hours=2, minutes=5, seconds=59), "2 h 5 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(days=3, hours=4, minutes=59), "3 d 4 h"),
        (timedelta(days=2), "2 d"),
    ],
)
def test_a_length_of_time_has_two_units_at_most(span: timedelta | None, said: str) -> None:
    assert words.duration(span) == said
