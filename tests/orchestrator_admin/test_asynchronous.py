"""The middlewares as an asynchronous server calls them: no less strict, and a change says who made it."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from accounts.audit import changes_of
from accounts.models import User
from schedules.services import create_schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return User.objects.create_superuser("ada", password="irrelevant here")


@pytest.fixture
def browser(ada: User) -> AsyncClient:
    logged_in = Client()
    logged_in.force_login(ada)
    client = AsyncClient()
    client.cookies = logged_in.cookies
    return client


@pytest.mark.parametrize(("path", "kind"), [("/", "text/html"), ("/api/tasks/", "application/problem+json")])
def test_an_address_with_nul_is_refused(browser: AsyncClient, path: str, kind: str) -> None:
    answer = async_to_sync(browser.get)(f"{path}?q=%00")
    assert answer.status_code == 400
    assert answer["Content-Type"].startswith(kind)
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_page_is_answered_with_strict_headers(browser: AsyncClient) -> None:
    answer = async_to_sync(browser.get)("/tasks/")
    assert answer.status_code == 200
    assert answer["X-Frame-Options"] == "DENY"


def test_a_change_says_who_made_it(browser: AsyncClient, ada: User) -> None:
    schedule = create_schedule(
        name="Nightly", workflow_name="task_sync_from", trigger="interval", trigger_kwargs={"days": 1}, user=ada
    )
    answer = async_to_sync(browser.post)(f"/schedules/{schedule.pk}/pause/", {"reason": "rack move"})
    assert answer.status_code == 302
    latest = changes_of(schedule, ada)[0]
    assert (latest.who, latest.door) == ("ada", "page")
