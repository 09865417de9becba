"""Pages of tasks, processes, workflows, products, dashboard and system: what they show, to whom, at what cost."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Action, User
from orchestrator.workflows import LazyWorkflowInstance
from tasks import registry
from tasks.models import (
    EngineSettings,
    InputState,
    Origin,
    Process,
    ProcessStatus,
    ProcessStep,
    Product,
    StepLog,
    Subscription,
    WorkerInstance,
    Workflow,
)
from tests.people import grant, somebody

pytestmark = pytest.mark.django_db

TASK = "task_sync_from"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def operator() -> User:
    return somebody("oscar", "operator")


@pytest.fixture
def browser(client: Client, operator: User) -> Client:
    """The browser of somebody who may start and retry."""
    client.force_login(operator)
    return client


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(somebody("ada", "admin", is_staff=True))
    return client


def made(status: str = "completed", name: str = TASK, minutes_ago: float = 10, **fields: Any) -> Process:
    """Write a process as the engine would have left it."""
    workflow, _ = Workflow.objects.get_or_create(name=name, defaults={"target": "SYSTEM"})
    at = timezone.now() - timedelta(minutes=minutes_ago)
    if status == ProcessStatus.RUNNING:
        fields = {"lease_token": uuid4(), "current_step": "NSO calls", "current_step_started_at": at, **fields}
    ended = at + timedelta(seconds=5) if status in ("completed", "failed", "aborted") else None
    return Process.objects.create(
        workflow=workflow,
        status=status,
        started_at=at,
        first_run_at=at,
        last_modified_at=at,
        completed_at=ended,
        **fields,
    )


def with_steps(process: Process, *names: str, status: str = "success", state: dict[str, Any] | None = None) -> Process:
    at = process.started_at
    for position, name in enumerate(names):
        ProcessStep.objects.create(
            process=process, position=position, name=name, status=status, state={"seen": position, **(state or {})},
            started_at=at, completed_at=at + timedelta(seconds=1),
        )  # fmt: skip
    return process


def text_of(response: Any) -> str:
    """Return what a page says, without its tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def queries(client: Client, path: str, **headers: str) -> int:
    """Return how many statements a page takes, once everything that is read once a process has been read."""
    client.get(path, headers=headers)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert client.get(path, headers=headers).status_code == 200
    return len(caught)


PAGES = {
    "dashboard": "/",
    "tasks": "/tasks/",
    "task": f"/tasks/{TASK}/",
    "processes": "/processes/",
    "filtered": "/processes/?group=failed&workflow_name=task_sync_from&text=gone&created_by=oscar&origin=page",
    "workflows": "/workflows/",
    "products": "/products/",
    "subscriptions": "/subscriptions/",
    "system": "/system/",
    "search": "/search/?q=e",
}


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_a_page_takes_as_many_queries_for_much_as_for_little(browser: Client, operator: User, path: str) -> None:
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
    assert queries(browser, path) == little
    assert little <= 20


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


# Tasks


def test_the_list_shows_each_task_with_its_last_run_and_its_last_ten(browser: Client) -> None:
    for minutes in range(15, 1, -1):
        made("failed" if minutes == 4 else "completed", minutes_ago=minutes)
    page = browser.get("/tasks/")
    assert "Nightly sync" in text_of(page)
    assert "Completed" in text_of(page)
    row = re.search(rf'<tr id="task-{TASK}">.*?</tr>', page.content.decode(), re.S)
    assert row is not None
    assert re.findall(r'title="(Completed|Failed), ', row[0]) == ["Completed"] * 7 + ["Failed"] + ["Completed"] * 2
    assert f'href="/processes/?workflow_name={TASK}"' in row[0]
    assert row[0].count("s-bad") == 2  # the run and its mark
    assert f'href="/processes/{Process.objects.latest("started_at").pk}/"' in row[0]
    assert "usually 5 s" in text_of(page)


def test_the_list_is_narrowed_by_words_and_by_what_happened_last(browser: Client) -> None:
    made("failed")
    assert "Nightly sync" in text_of(browser.get("/tasks/?show=failed"))
    assert "Nightly sync" not in text_of(browser.get("/tasks/?show=running", headers=HTMX))
    assert "Nightly sync" in text_of(browser.get("/tasks/?q=NIGHT%20nso", headers=HTMX))
    assert "No task fits" in text_of(browser.get("/tasks/?q=elephant", headers=HTMX))


@pytest.mark.parametrize(("status", "count"), [("created", 1), ("running", 1), ("suspended", 0), ("waiting", 0)])
def test_what_waits_for_somebody_does_not_count_as_running(browser: Client, status: str, count: int) -> None:
    made(status)
    assert f"Running {count}" in text_of(browser.get("/tasks/", headers=HTMX))


def test_run_now_starts_the_task_and_shows_its_process(browser: Client, operator: User) -> None:
    response = browser.post(f"/tasks/{TASK}/run/")
    process = Process.objects.get()
    assert response["Location"] == reverse("tasks:process", args=[process.pk])
    assert (process.workflow.name, process.created_by, process.origin) == (TASK, operator, "page")


def test_run_now_in_place_answers_with_the_steps_and_a_link(browser: Client) -> None:
    response = browser.post(f"/tasks/{TASK}/run/", headers=HTMX)
    process = Process.objects.get()
    assert response.status_code == 201
    assert f'href="/processes/{process.pk}/"' in response.content.decode()
    assert f'data-live="process:{process.pk}"' in response.content.decode()
    assert "NSO calls" in text_of(response)


def test_what_cannot_be_started_says_why_on_the_disabled_button(client: Client) -> None:
    client.force_login(somebody("vera", "viewer"))
    page = client.get("/tasks/").content.decode()
    button = re.search(rf'<button[^>]*id="run-{TASK}"[^>]*>', page)
    assert button is not None
    assert 'aria-disabled="true"' in button[0]
    assert "role “operator”" in unescape(button[0])
    refused = client.post(f"/tasks/{TASK}/run/", headers=HTMX)
    assert refused.status_code == 409
    assert not Process.objects.exists()


def test_while_the_engine_is_locked_nothing_starts_and_every_page_says_so(browser: Client) -> None:
    EngineSettings.objects.update_or_create(pk=1, defaults={"global_lock": True, "reason": "Fibre cut in Utrecht"})
    refused = browser.post(f"/tasks/{TASK}/run/", follow=True)
    assert "Fibre cut in Utrecht" in text_of(refused)
    assert not Process.objects.exists()
    assert "The engine is locked." in text_of(browser.get("/workflows/"))
    for address in ("/tasks/", f"/tasks/{TASK}/"):
        buttons = re.findall(r"<button([^>]*)>Run now", browser.get(address).content.decode())
        assert buttons
        assert all('aria-disabled="true"' in button for button in buttons)


def test_only_staff_sees_which_part_of_a_task_is_missing(staff: Client, browser: Client) -> None:
    Workflow.objects.create(name="task_without_code", target="SYSTEM")
    page = text_of(staff.get("/tasks/"))
    assert "Needs attention" in page
    assert "task_without_code" in page
    assert "Needs attention" not in text_of(browser.get("/tasks/"))


@pytest.fixture
def pages_task() -> Iterator[str]:
    """A task with two pages of inputs and a secret."""
    LazyWorkflowInstance("tests.schedules.workflows", "task_with_pages")
    Workflow.objects.create(name="task_with_pages", target="SYSTEM")
    yield "task_with_pages"
    registry._registry.workflows.pop("task_with_pages")


def test_a_task_with_a_form_asks_first_and_starts_after_the_last_page(browser: Client, pages_task: str) -> None:
    address = f"/tasks/{pages_task}/"
    page = browser.get(f"{address}?site=lon").content.decode()
    assert '<option value="lon" selected>' in page
    wrong = browser.post(address, {"answered-pages": "[]", "site": "nowhere"})
    assert wrong.status_code == 422
    assert "nowhere is not one of the available choices" in text_of(wrong)
    second = browser.post(address, {"answered-pages": "[]", "site": "lon", "password": "hush hush"})
    assert 'value="lon-core-01"' in second.content.decode()
    assert "hush" not in second.content.decode()  # it travels encrypted
    answered = unescape(re.search(r'name="answered-pages" value="([^"]*)"', second.content.decode())[1])  # type: ignore[index]
    assert not Process.objects.exists()
    started = browser.post(address, {"answered-pages": answered, "router": "lon-core-02"})
    process = Process.objects.get()
    assert started["Location"] == reverse("tasks:process", args=[process.pk])
    shown = text_of(browser.get(started["Location"]))
    assert "lon-core-02" in shown
    assert "hush" not in shown
    again = browser.get(f"{address}?again={process.pk}").content.decode()
    assert '<option value="lon" selected>' in again


def test_pages_of_a_form_are_turned_forth_and_back(browser: Client, pages_task: str) -> None:
    address = f"/tasks/{pages_task}/"
    first = browser.get(address)
    assert "page 1" in text_of(first)
    assert buttons_of(first) == ["Next"]
    given = {"site": "lon", "password": "hush hush", "turn-page": "next"}
    second = browser.post(address, {"answered-pages": "[]", **given})
    assert "page 2" in text_of(second)
    assert buttons_of(second) == ["Run now", "Back"]
    back = browser.post(address, {"answered-pages": answered_in(second), "router": "", "turn-page": "back"})
    assert buttons_of(back) == ["Next"]
    assert '<option value="lon" selected>' in back.content.decode()
    assert "hush" not in back.content.decode()
    assert answered_in(back) == "[]"
    assert not Process.objects.exists()


def test_next_never_starts_even_where_no_page_follows(browser: Client, pages_task: str) -> None:
    address = f"/tasks/{pages_task}/"
    second = browser.post(address, {"answered-pages": "[]", "site": "lon", "password": "hush hush"})
    given = {"answered-pages": answered_in(second), "router": "lon-core-02", "turn-page": "next"}
    review = browser.post(address, given)
    assert "Everything is answered." in text_of(review)
    assert buttons_of(review) == ["Run now", "Back"]
    assert not Process.objects.exists()
    browser.post(address, {"answered-pages": answered_in(review)})
    assert Process.objects.get().workflow.name == pages_task


def answered_in(page: Any) -> str:
    return unescape(re.search(r'name="answered-pages" value="([^"]*)"', page.content.decode())[1])  # type: ignore[index]


def buttons_of(page: Any) -> list[str]:
    """The buttons of the form that starts the task, in order."""
    form = page.content.decode().split('id="run"')[1].split("</form>")[0]
    return re.findall(r"<button[^>]*>([^<]+)</button>", form)


# Processes


def test_a_process_shows_facts_steps_state_log_and_error(browser: Client) -> None:
    process = with_steps(made("failed", failed_reason="router <b>gone</b>", traceback=TRACEBACK), "Start", "NSO calls")
    step = ProcessStep.objects.filter(process=process).last()
    assert step is not None
    ProcessStep.objects.filter(pk=step.pk).update(state={"seen": 2, "drifted": ["ams-core-03"]})
    StepLog.objects.create(
        process=process, position=1, at=timezone.now(), level="info", message="<script>alert()</script>"
    )
    page = browser.get(f"/processes/{process.pk}/?step={step.pk}")
    shown = text_of(page)
    assert 'drifted: ["ams-core-03"]' in shown
    assert "- seen: 0 + seen: 2" in shown
    assert "router <b>gone</b>" in shown  # as text
    assert "<script>alert()" not in page.content.decode()
    assert "2 frames of the engine and libraries" in shown
    assert "/srv/netops/nightly.py" in shown


TRACEBACK = """Traceback (most recent call last):
  File "/usr/lib/python3.11/threading.py", line 1, in run
    call()
  File "/usr/lib/python3.11/threading.py", line 2, in call
    step()
  File "/srv/netops/nightly.py", line 3, in nso_calls
    connect()
TimeoutError: gone"""


def test_a_process_page_is_live_until_its_process_has_ended(browser: Client) -> None:
    running, completed = made("running"), made("completed")
    assert f'data-live="process:{running.pk}"' in browser.get(f"/processes/{running.pk}/").content.decode()
    ended = browser.get(f"/processes/{completed.pk}/", headers=HTMX)
    assert "data-live" not in ended.content.decode()
    assert "<html" not in ended.content.decode()
    assert "HX-Request" in ended["Vary"]


def test_steps_that_run_and_that_are_to_come_are_shown_in_their_places(browser: Client) -> None:
    process = with_steps(made("running"), "Start")
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", browser.get(f"/processes/{process.pk}/").content.decode(), re.S)
    words = [text for row in rows if (text := re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)).strip())]
    assert [" ".join(text.split()[:4]) for text in words[1:4]] == [
        "Start Success 1 s", "NSO calls Running 10", "Done To come",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "action", "becomes"), [("failed", "retry", "resumed"), ("suspended", "abort", "aborted")]
)
def test_a_process_is_retried_and_aborted_from_its_page(
    browser: Client, status: str, action: str, becomes: str
) -> None:
    process = made(status)
    response = browser.post(f"/processes/{process.pk}/{action}/")
    assert response["Location"] == f"/processes/{process.pk}/"
    process.refresh_from_db()
    assert process.status == becomes


def test_start_again_makes_a_new_process_with_the_same_inputs(browser: Client) -> None:
    process = made()
    response = browser.post(f"/processes/{process.pk}/start_again/")
    new = Process.objects.exclude(pk=process.pk).get()
    assert response["Location"] == f"/processes/{new.pk}/"
    assert new.origin == Origin.PAGE


def test_the_duration_of_a_process_that_rests_does_not_grow(browser: Client) -> None:
    process = made("suspended", minutes_ago=60)
    Process.objects.update(last_modified_at=process.started_at + timedelta(seconds=5))
    assert "Duration 5 s" in text_of(browser.get(f"/processes/{process.pk}/"))


def test_changes_of_the_engine_and_of_a_task_are_shown_to_those_who_may_make_them(
    staff: Client, browser: Client
) -> None:
    staff.post("/system/lock/", {"lock": "on", "reason": "Fibre cut"})
    staff.post("/system/lock/", {"lock": "off"})
    shown = text_of(staff.get("/system/")).split("History")[1]
    assert shown.count("ada on a page") == 2
    assert "Reason: Fibre cut →" in shown
    assert "History" not in text_of(browser.get("/system/"))
    Workflow.objects.filter(name=TASK).update(description="Of this night")
    assert "History" in text_of(staff.get(f"/tasks/{TASK}/"))
    assert "History" not in text_of(browser.get(f"/tasks/{TASK}/"))


def test_what_cannot_be_done_with_a_process_says_why_and_is_refused(browser: Client) -> None:
    process = made("completed")
    page = text_of(browser.get(f"/processes/{process.pk}/"))
    assert "Only a failed or waiting process can be retried" in page
    refused = browser.post(f"/processes/{process.pk}/retry/", follow=True)
    assert "Only a failed or waiting process can be retried" in text_of(refused)
    assert browser.post(f"/processes/{process.pk}/explode/").status_code == 404


def test_a_note_is_kept(browser: Client) -> None:
    process = made()
    browser.post(f"/processes/{process.pk}/note/", {"note": " Ask Petra about this. "})
    assert "Ask Petra about this." in text_of(browser.get(f"/processes/{process.pk}/"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"running", "failed", "completed"}),
        ("group=failed", {"failed"}),
        ("group=active", {"running"}),
        ("status=running&status=failed", {"running", "failed"}),
        ("text=tim%20core", {"failed"}),
        ("text=nobody", set()),
        ("text=%21%28", {"running", "failed", "completed"}),
        ("created_by=oscar", {"failed"}),
        ("origin=api", {"completed"}),
        ("workflow_name=elsewhere", {"running"}),
    ],
)
def test_the_list_of_processes_is_narrowed_by_what_the_address_says(
    browser: Client, operator: User, query: str, found: set[str]
) -> None:
    made("failed", failed_reason="core router timed out", created_by=operator)
    made("running", "elsewhere")
    made("completed", origin="api")
    page = browser.get(f"/processes/?{query}")
    assert {process.status for process in page.context["page"].items} == found


def test_a_filter_that_makes_no_sense_is_refused_by_name_and_shows_nothing(browser: Client) -> None:
    made()
    page = browser.get("/processes/?started_after=yesterday-ish")
    assert "From: Enter a valid date/time." in text_of(page)
    assert page.context["page"].items == []


def test_pages_of_processes_follow_each_other_without_a_gap_even_at_the_same_moment(browser: Client) -> None:
    at = timezone.now()
    processes = [made() for _ in range(120)]
    Process.objects.filter(pk__in=[p.pk for p in processes[:110]]).update(started_at=at)
    seen: list[UUID] = []
    query = ""
    while True:
        page = browser.get(f"/processes/{query}").context["page"]
        seen += [process.pk for process in page.items]
        if not page.next:
            break
        query = page.next
    assert len(seen) == len(set(seen)) == 120
    assert seen == list(Process.objects.order_by("-started_at", "-pk").values_list("pk", flat=True))


def test_selected_processes_are_retried_together_and_each_refusal_is_told(browser: Client) -> None:
    failed, completed = made("failed"), made("completed")
    selected = [failed.pk, completed.pk, "nonsense"]
    page = browser.post(
        "/processes/bulk/", {"action": "retry", "selected": selected, "back": "group=failed"}, follow=True
    )
    assert page.redirect_chain[0][0] == "/processes/?group=failed"
    assert "Done for 1 process." in text_of(page)
    assert "1: Only a failed or waiting process can be retried" in text_of(page)
    failed.refresh_from_db()
    assert failed.status == "resumed"


def test_the_export_streams_what_the_filters_leave_and_holds_no_formula(browser: Client) -> None:
    made("failed", failed_reason="=cmd|' /C calc'!A0")
    made("completed")
    response = browser.get("/processes/export/?group=failed")
    rows = list(csv.DictReader(b"".join(response).decode().splitlines()))
    assert [row["status"] for row in rows] == ["failed"]
    assert rows[0]["failed_reason"].startswith("'=cmd")


# Permissions


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


# The rest


def test_the_dashboard_counts_failures_until_they_are_marked_as_seen(browser: Client) -> None:
    made("failed", minutes_ago=3, failed_reason="router gone")
    page = browser.get("/")
    assert "One run failed since you last looked." in text_of(page)
    assert "router gone" in text_of(page)
    browser.post("/seen/", {"up_to": page.context["seen_up_to"]})
    assert "Nothing failed since you last looked." in text_of(browser.get("/"))


def test_the_picture_of_the_day_draws_each_run_or_counts_them_when_there_are_many(browser: Client) -> None:
    made("failed", minutes_ago=60)
    made("running", minutes_ago=5)
    few = browser.get("/").context["timeline"]
    assert sorted(bar.kind for bar in few.bars) == ["failed", "going"]
    for _ in range(301):
        made("completed", minutes_ago=120)
    many = browser.get("/").context["timeline"]
    assert (many.total, many.failed) == (303, 1)
    assert len(many.bars) < 10


def test_search_goes_straight_to_what_is_meant(browser: Client) -> None:
    process = made()
    for words in (str(process.pk), str(process.pk)[-8:], process.pk.hex):
        assert browser.get("/search/", {"q": words})["Location"] == f"/processes/{process.pk}/"
    assert browser.get("/search/", {"q": "Nightly sync"})["Location"] == f"/workflows/{TASK}/"
    assert browser.get("/search/", {"q": "processes"})["Location"] == "/processes/"
    assert "Nothing fits" in text_of(browser.get("/search/", {"q": "elephant"}))


def test_the_engine_is_locked_by_administrators_only(staff: Client, browser: Client) -> None:
    assert "Only administrators" in text_of(browser.get("/system/"))
    browser.post("/system/lock/", {"lock": "on", "reason": "mischief"})
    assert not EngineSettings.objects.filter(global_lock=True).exists()
    staff.post("/system/lock/", {"lock": "on", "reason": "Maintenance"})
    assert "Maintenance" in text_of(staff.get("/system/"))
    staff.post("/system/lock/", {"lock": "off"})
    assert not EngineSettings.objects.filter(global_lock=True).exists()


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


def test_products_and_subscriptions_show_what_belongs_to_them(browser: Client) -> None:
    product = Product.objects.create(name="Node", product_type="Node")
    subscription = Subscription.objects.create(product=product, description="Node ams Provisioned", status="active")
    workflow = Workflow.objects.create(name="modify_node", target="MODIFY")
    workflow.products.add(product)
    page = text_of(browser.get(f"/products/{product.pk}/"))
    assert "Node ams Provisioned" in page
    assert "modify_node" in page
    assert "Node ams Provisioned" in text_of(browser.get("/subscriptions/?q=AMS"))
    assert "active" in text_of(browser.get(f"/subscriptions/{subscription.pk}/"))
    assert "Modify" in text_of(browser.get("/workflows/modify_node/"))
    assert "modify_node" in text_of(browser.get("/workflows/?target=MODIFY"))


def test_no_page_carries_a_script_a_style_or_an_event_handler_of_its_own(staff: Client) -> None:
    process = with_steps(made("failed", failed_reason="gone", traceback=TRACEBACK), "Start", "NSO calls")
    InputState.objects.create(process=process, input_type="initial", user_inputs=[{"node": "ams"}])
    for path in [*PAGES.values(), f"/processes/{process.pk}/", "/system/design/", "/nowhere/"]:
        page = staff.get(path).content.decode()
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page), path


@pytest.mark.parametrize("number", [400, 403, 404, 500, 503])
def test_error_pages_say_what_to_do_and_name_the_request(
    client: Client, rf: Any, number: int, django_assert_num_queries: Callable[[int], Any]
) -> None:
    from django.db import OperationalError

    from orchestrator_admin import errors

    views: dict[int, Callable[..., Any]] = {
        400: errors.bad_request,
        403: errors.permission_denied,
        404: errors.not_found,
    }
    request = rf.get("/anything/")
    with django_assert_num_queries(0):
        if number in views:
            response = views[number](request, None)
        else:
            try:
                raise OperationalError if number == 503 else ValueError
            except (OperationalError, ValueError):
                response = errors.server_error(request)
    assert response.status_code == number
    assert "To the dashboard" in text_of(response) or "Try again" in text_of(response)
