"""Search: pages, tasks, schedules and processes, by what people type."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.pages import TASK, made, text_of

pytestmark = pytest.mark.django_db


def test_search_goes_straight_to_what_is_meant(browser: Client) -> None:
    process = made()
    for words in (str(process.pk), str(process.pk)[-8:], process.pk.hex):
        assert browser.get("/search/", {"q": words})["Location"] == f"/processes/{process.pk}/"
    assert browser.get("/search/", {"q": "Nightly sync"})["Location"] == f"/workflows/{TASK}/"
    assert browser.get("/search/", {"q": "processes"})["Location"] == "/processes/"
    assert "Nothing fits" in text_of(browser.get("/search/", {"q": "elephant"}))
