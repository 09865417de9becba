"""htmx gets a fragment, everybody else the whole page; caches keep the two apart."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("headers", "whole"),
    [
        ({}, True),
        ({"HX-Request": "true"}, False),
        ({"HX-Request": "true", "HX-Boosted": "true"}, True),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, True),
    ],
)
def test_a_fragment_is_for_htmx_that_swaps_a_part(browser: Client, headers: dict[str, str], whole: bool) -> None:
    answer = browser.get("/processes/", headers=headers)
    assert answer.status_code == 200
    assert ("<html" in answer.content.decode()) is whole
    assert "HX-Request" in answer.headers["Vary"]
