"""Search: pages, tasks, schedules and processes, by what people type."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.pages import HTMX, TASK, made, text_of

pytestmark = pytest.mark.django_db


def test_search_goes_straight_to_what_is_meant(browser: Client) -> None:
    process = made()
    for words in (str(process.pk), str(process.pk)[-8:], process.pk.hex):
        assert browser.get("/search/", {"q": words})["Location"] == f"/processes/{process.pk}/"
    assert browser.get("/search/", {"q": "Nightly sync"})["Location"] == f"/workflows/{TASK}/"
    assert browser.get("/search/", {"q": "processes"})["Location"] == "/processes/"
    assert "Nothing fits" in text_of(browser.get("/search/", {"q": "elephant"}))


def test_search_finds_processes_by_their_tasks_name_reason_and_note(browser: Client) -> None:
    made("failed", failed_reason="core router timed out", note="Ask Petra")
    made("completed", minutes_ago=2)
    for words in ("petra", "router timed", "nightly petra"):
        page = text_of(browser.get("/search/", {"q": words}, headers=HTMX))
        assert "core router timed out" in page, words
    page = browser.get("/search/", {"q": "nightly"}, headers=HTMX).content.decode()
    assert page.count('href="/processes/') == 2


def test_while_somebody_types_a_list_of_options_comes_and_nobody_is_sent_away(browser: Client) -> None:
    response = browser.get("/search/", {"q": "nightly sync"}, headers=HTMX)
    page = response.content.decode()
    assert response.status_code == 200
    assert "<html" not in page
    assert f'role="option" id="hit-1-1" aria-selected="false" tabindex="-1" href="/workflows/{TASK}/"' in page
    assert 'data-said="1 result"' in page
    assert "Nothing fits" in text_of(browser.get("/search/", {"q": "elephant"}, headers=HTMX))
    assert "Nothing fits" not in text_of(browser.get("/search/", {"q": " "}, headers=HTMX))


def test_more_than_fits_leads_to_the_list_that_holds_all(browser: Client) -> None:
    for _ in range(7):
        made("failed", failed_reason="timed out")
    page = browser.get("/search/", {"q": "timed out"}, headers=HTMX).content.decode()
    assert page.count('role="option" id="hit-') == 5
    assert 'href="/processes/?text=timed+out"' in page
