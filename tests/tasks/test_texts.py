"""Processes are found by words in their task's name, reason or note, page by page, however frequent the words are."""

from __future__ import annotations

import pytest
from django.test import Client

from tasks import texts
from tasks.models import Process
from tests.pages import made

pytestmark = pytest.mark.django_db


def found(browser: Client, text: str) -> list[Process]:
    """Follow all pages of the list."""
    rows: list[Process] = []
    query = f"?text={text}"
    while query:
        page = browser.get(f"/processes/{query}").context["page"]
        rows += page.items
        query = page.next
    return rows


def test_each_word_may_stand_in_the_name_of_the_task_in_the_reason_or_in_the_note(browser: Client) -> None:
    sync = made("failed", failed_reason="core router timed out", note="Ask Petra", minutes_ago=3)
    other = made("failed", "task_elsewhere", failed_reason="core router timed out", minutes_ago=2)
    quiet = made("completed", minutes_ago=1)
    assert found(browser, "nightly") == [quiet, sync]
    assert found(browser, "NIGHTLY timed") == [sync]
    assert found(browser, "petra router nightly") == [sync]
    assert found(browser, "router") == [other, sync]
    assert found(browser, "elsewhere") == [other]
    assert found(browser, "elsewhere petra") == []


@pytest.mark.parametrize("looked_through", [1, 70, 1_000])
def test_frequent_and_rare_words_are_found_alike_and_once_each(
    browser: Client, monkeypatch: pytest.MonkeyPatch, looked_through: int
) -> None:
    monkeypatch.setattr(texts, "LOOKED_THROUGH", looked_through)
    rare = made("failed", failed_reason="a cable was cut", minutes_ago=500)
    frequent = [made("failed", failed_reason="timed out", minutes_ago=minutes) for minutes in range(120, 0, -1)]
    assert found(browser, "timed") == frequent[::-1]
    assert found(browser, "cable") == [rare]


@pytest.mark.parametrize("frequent", [1, 20])
@pytest.mark.parametrize("rare", [0, 2_000])
@pytest.mark.parametrize("looked_through", [1, 1_000])
def test_lists_whose_pages_are_made_elsewhere_hold_the_same_whichever_way_words_are_found(
    monkeypatch: pytest.MonkeyPatch, frequent: int, rare: int, looked_through: int
) -> None:
    monkeypatch.setattr(texts, "FREQUENT", frequent)
    monkeypatch.setattr(texts, "RARE", rare)
    monkeypatch.setattr(texts, "LOOKED_THROUGH", looked_through)
    sync = made("failed", failed_reason="core router timed out", note="Ask Petra", minutes_ago=3)
    other = made("failed", "task_elsewhere", failed_reason="core router timed out", minutes_ago=2)
    quiet = made("completed", minutes_ago=1)

    def of(text: str) -> list[Process]:
        return list(texts.narrowed(Process.objects.all(), texts.words_of(text)).order_by("started_at"))

    assert of("nightly") == [sync, quiet]
    assert of("petra router nightly") == [sync]
    assert of("router") == [sync, other]
    assert of("elsewhere timed") == [other]
    assert of("elsewhere petra") == of("elephant") == []
    assert of("…") == [sync, other, quiet]


def test_a_word_of_more_tasks_than_are_looked_through_one_by_one_is_found_too(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "EACH_ALONE", 2)
    processes = [made("completed", f"task_of_paris_{number}", minutes_ago=9 - number) for number in range(4)]
    made("completed")
    assert found(browser, "paris") == processes[::-1]


def test_the_export_holds_what_the_list_shows(browser: Client) -> None:
    made("failed", failed_reason="timed out")
    made("completed", "task_elsewhere")
    rows = b"".join(browser.get("/processes/export/?text=nightly+timed")).decode().splitlines()
    assert len(rows) == 2
    assert "timed out" in rows[1]
