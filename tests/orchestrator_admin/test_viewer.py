"""What a page takes from its viewer: theme and time zone."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from tasks.models import (
    Process,
)
from tests.pages import made

pytestmark = pytest.mark.django_db


def test_the_theme_is_remembered_and_leads_nowhere_else(browser: Client) -> None:
    response = browser.post("/theme/", {"theme": "dark", "next": "https://elsewhere.example/"})
    assert response["Location"] == "/"
    assert 'data-theme="dark"' in browser.get("/workflows/").content.decode()
    browser.post("/theme/", {"theme": "system", "next": "/tasks/"})
    assert "data-theme" not in browser.get("/workflows/").content.decode()


def test_times_are_shown_in_the_zone_of_the_viewer(browser: Client, operator: User) -> None:
    process = made()
    Process.objects.filter(pk=process.pk).update(started_at="2026-07-01T12:00:00Z")
    browser.cookies["tz"] = "America/New_York"
    page = browser.get("/processes/").content.decode()
    assert "08:00" in page
    assert 'datetime="2026-07-01T12:00:00.000Z"' in page
    operator.time_zone = "Asia/Tokyo"
    operator.save()
    assert "21:00" in browser.get("/processes/").content.decode()
