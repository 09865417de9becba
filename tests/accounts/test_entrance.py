"""The page to log in on."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_it_says_who_sets_a_new_password_and_leads_nowhere_that_does_not_exist(client: Client) -> None:
    page = client.get("/accounts/login/").content.decode()
    assert "Ask an administrator to set a new one." in page
    assert "password/reset" not in page
    assert "Remember me" in page
