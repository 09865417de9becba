"""The first page: what failed since somebody looked, and the picture of the day."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.pages import made, text_of

pytestmark = pytest.mark.django_db


def test_the_dashboard_counts_failures_until_they_are_marked_as_seen(browser: Client) -> None:
    made("failed", minutes_ago=3, failed_reason="router gone")
    page = browser.get("/")
    assert "One run failed since you last looked." in text_of(page)
    assert "router gone" in text_of(page)
    browser.post("/seen/", {"up_to": page.context["seen_up_to"]})
    assert "Nothing failed since you last looked." in text_of(browser.get("/"))


def test_the_picture_of_the_day_draws_each_run_or_counts_them_when_there_are_many(browser: Client) -> None:
    made("failed", minutes_ago=60)
    made("running", minutes_ago=5)
    few = browser.get("/").context["timeline"]
    assert sorted(bar.kind for bar in few.bars) == ["failed", "going"]
    for _ in range(301):
        made("completed", minutes_ago=120)
    many = browser.get("/").context["timeline"]
    assert (many.total, many.failed) == (303, 1)
    assert len(many.bars) < 10
