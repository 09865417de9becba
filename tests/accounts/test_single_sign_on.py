"""Single sign-on against a real provider, in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from accounts.models import User
from tests.people import somebody
from tests.system import free_port

CLIENT = {"ORCHESTRATOR_OIDC_CLIENT_ID": "orchestrator", "ORCHESTRATOR_OIDC_SECRET": "s3cret"}


@pytest.fixture
def provider(system: Any) -> str:
    """A provider that logs in `petra`."""
    port = free_port()
    file = Path(__file__).with_name("oidc_provider.py")
    system.start("provider", [sys.executable, str(file), str(port), "orchestrator", "s3cret", "petra"])
    address = f"http://127.0.0.1:{port}"

    def there() -> bool:
        try:
            return requests.get(f"{address}/keys", timeout=2).ok
        except OSError:
            return False

    system.wait_for(there)
    return address


def log_in(system: Any, browser: requests.Session) -> requests.Response:
    """Press the button on the login page and follow wherever it leads."""
    page = browser.get(f"{system.url}/accounts/login/", timeout=20)
    assert "Log in with" in page.text
    form = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    return browser.post(f"{system.url}/accounts/oidc/sso/login/", form, timeout=20)


def test_a_newcomer_gets_an_account_with_the_role_of_newcomers(system: Any, provider: str) -> None:
    system.web(ORCHESTRATOR_OIDC_URL=provider, ORCHESTRATOR_OIDC_ROLE="operator", **CLIENT)
    browser = requests.Session()
    answer = log_in(system, browser)
    assert answer.status_code == 200
    assert answer.url == f"{system.url}/"
    petra = User.objects.get(username="petra")
    assert [group.name for group in petra.groups.all()] == ["operator"]
    assert not petra.has_usable_password()
    assert browser.get(f"{system.url}/api/processes/", timeout=20).status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert provider in policy


def test_without_a_role_for_newcomers_nobody_gets_an_account(system: Any, provider: str) -> None:
    somebody("petra", "admin")  # the same name is not the same person
    system.web(ORCHESTRATOR_OIDC_URL=provider, **CLIENT)
    browser = requests.Session()
    answer = log_in(system, browser)
    assert "Sign-up is closed" in answer.text
    assert User.objects.count() == 1
    assert browser.get(f"{system.url}/api/processes/", timeout=20).status_code == 401


def test_a_wrong_secret_lets_nobody_in(system: Any, provider: str) -> None:
    system.web(
        ORCHESTRATOR_OIDC_URL=provider, ORCHESTRATOR_OIDC_ROLE="admin",
        ORCHESTRATOR_OIDC_CLIENT_ID="orchestrator", ORCHESTRATOR_OIDC_SECRET="wrong",
    )  # fmt: skip
    browser = requests.Session()
    log_in(system, browser)
    assert not User.objects.exists()
    assert browser.get(f"{system.url}/api/processes/", timeout=20).status_code == 401
