"""What holds for every page: its cost, who sees it, and that nothing runs in it that is not ours."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import permissions
from accounts.models import Action, User
from tasks.models import (
    InputState,
    Product,
    StepLog,
    Subscription,
    WorkerInstance,
)
from tests.pages import TASK, TRACEBACK, made, queries, with_steps
from tests.people import grant

pytestmark = pytest.mark.django_db

# Each page, and the statements that it takes.
COSTS = {
    "dashboard": ("/", 12),
    "tasks": ("/tasks/", 11),
    "task": (f"/tasks/{TASK}/", 14),
    "processes": ("/processes/", 9),
    "filtered": ("/processes/?group=failed&workflow_name=task_sync_from&created_by=oscar&origin=page", 11),
    "words": ("/processes/?text=gone", 11),
    "words and names": ("/processes/?text=nightly+gone", 13),
    "schedules": ("/schedules/", 10),
    "week": ("/schedules/week/", 7),
    "outage": ("/schedules/outage/", 8),
    "workflows": ("/workflows/", 8),
    "products": ("/products/", 7),
    "subscriptions": ("/subscriptions/", 7),
    "system": ("/system/", 10),
    "search": ("/search/?q=e", 13),
}
PAGES = {name: path for name, (path, _cost) in COSTS.items()}


@pytest.mark.parametrize(("path", "cost"), COSTS.values(), ids=COSTS)
def test_a_page_takes_as_many_queries_for_much_as_for_little(
    browser: Client, operator: User, monkeypatch: pytest.MonkeyPatch, path: str, cost: int
) -> None:
    monkeypatch.setattr(permissions, "KEPT_SECONDS", 3600)  # a slow machine does not read them twice in a request

    def add(count: int) -> None:
        for number in range(count):
            made("failed", failed_reason="gone", created_by=operator, origin="page")
            made("running", f"test_task_{number}_{count}")
            product = Product.objects.create(name=f"Product {number} of {count}")
            Subscription.objects.create(product=product, description=f"Node {number}")
            WorkerInstance.objects.create(
                hostname=f"w{number}", pid=number, concurrency=1, started_at=timezone.now(), heartbeat_at=timezone.now()
            )

    add(2)
    little = queries(browser, path)
    add(9)
    assert (little, queries(browser, path)) == (cost, cost)


def test_a_process_page_takes_as_many_queries_for_500_steps_as_for_two(browser: Client) -> None:
    small, large = (with_steps(made("failed", failed_reason="gone"), *names) for names in (["A", "B"], ["S"] * 500))
    for process in (small, large):
        StepLog.objects.create(process=process, position=1, at=timezone.now(), level="info", message="hello")
    pages = [reverse("tasks:process", args=[process.pk]) for process in (small, large)]
    assert queries(browser, pages[0]) == queries(browser, pages[1]) <= 20


@pytest.mark.parametrize("path", [*PAGES.values(), f"/processes/{UUID(int=7)}/", "/events/", "/processes/export/"])
def test_nobody_sees_a_page_without_logging_in(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code in (302, 401)
    if response.status_code == 302:
        assert response["Location"].startswith("/accounts/login/")


def test_who_may_not_see_a_workflow_finds_nothing_of_it_anywhere(browser: Client) -> None:
    hidden = with_steps(made("failed", "task_hidden", failed_reason="unseen words"), "Start")
    grant("task_hidden", "a closed circle", Action.SEE)
    for path in (
        "/",
        "/tasks/",
        "/processes/",
        "/workflows/",
        "/search/?q=hidden",
        "/search/?q=" + str(hidden.pk)[-8:],
    ):
        assert "task_hidden" not in browser.get(path).content.decode(), path
    for path in (f"/processes/{hidden.pk}/", "/tasks/task_hidden/", "/workflows/task_hidden/"):
        assert browser.get(path).status_code == 404, path
    for path in (f"/processes/{hidden.pk}/retry/", f"/processes/{hidden.pk}/note/", "/tasks/task_hidden/run/"):
        assert browser.post(path).status_code == 404, path
    assert b"unseen words" not in b"".join(browser.get("/processes/export/"))


def test_no_page_carries_a_script_a_style_or_an_event_handler_of_its_own(staff: Client) -> None:
    process = with_steps(made("failed", failed_reason="gone", traceback=TRACEBACK), "Start", "NSO calls")
    InputState.objects.create(process=process, input_type="initial", user_inputs=[{"node": "ams"}])
    for path in [*PAGES.values(), f"/processes/{process.pk}/", "/system/design/", "/nowhere/"]:
        page = staff.get(path).content.decode()
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page), path
