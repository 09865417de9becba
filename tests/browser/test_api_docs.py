"""The documentation of the API in a browser: all assets are our own, and the security policy lets it work."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.people import Api, somebody


def test_the_documentation_shows_the_operations_and_tries_one(system: Any, page: Any) -> None:
    system.web()
    api = Api(somebody("vera", "viewer"))
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(re.sub(r"^(https?://[^/]+|\w+:).*", r"\1", request.url)))
    page.goto(f"{system.url}/api/docs/")
    expect(page.get_by_role("heading", name="Orchestrator")).to_be_visible()
    page.get_by_role("button", name="Authorize").click()
    form = page.locator("form").filter(has_text="token (apiKey)")
    form.locator("input").fill(f"Token {api.text}")
    form.get_by_role("button", name="Apply credentials").click()
    page.get_by_role("button", name="Close", exact=True).first.click()
    page.locator("#operations-tag-status").click()
    page.locator("#operations-status-status_retrieve").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table .response-col_status").nth(1)).to_contain_text("200")
    assert hosts <= {system.url, "data:"}
