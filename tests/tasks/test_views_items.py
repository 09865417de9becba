"""The items of a foreach on the page of a process, wherever the foreach stands."""

from __future__ import annotations

import pytest
from django.test import Client

from tasks import engine, services
from tasks.models import ProcessStep
from tests.pages import text_of

pytestmark = pytest.mark.django_db


def ran(name: str, *things: str) -> tuple[str, ProcessStep]:
    """Address of the page of a process that went over things, at the row of the step that did."""
    process_id = services.start_process(name, [{"things": list(things)}])
    engine.run_process(process_id)
    row = ProcessStep.objects.get(process=process_id, parent=None, name__in=["Items", "Group"])
    return f"/processes/{process_id}/?step={row.pk}", row


@pytest.mark.parametrize("name", ["going_over", "nested"])
def test_items_are_counted_and_listed_inside_a_group_as_outside(browser: Client, name: str) -> None:
    address, row = ran(name, "left", "right", "straight on")
    page = browser.get(address)
    shown = text_of(page)
    assert "3 items" in shown
    assert "0: left" in shown
    assert "2: straight on" in shown
    assert f"?step={row.pk}&amp;item=2#log-title" in page.content.decode()


def test_a_group_says_which_of_its_items_failed(browser: Client) -> None:
    address, row = ran("nested", "left", "bad")
    assert row.status == "failed"
    shown = text_of(browser.get(address))
    assert "2 items" in shown
    assert "0: left Success" in shown
    assert "1: bad Failed" in shown


def test_a_group_without_a_list_has_no_items(browser: Client) -> None:
    address, _row = ran("grouped")
    assert "item" not in text_of(browser.get(address))
