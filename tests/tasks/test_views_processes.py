"""The Processes tab: filters, pages, work on several at once, and the export."""

from __future__ import annotations

import csv
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from schedules.models import Schedule
from tasks.models import Process, Workflow
from tasks.views.processes import _csv
from tests.pages import TASK, made, queries, text_of

pytestmark = pytest.mark.django_db


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


def test_the_export_asks_for_a_thousand_rows_when_those_before_were_sent() -> None:
    """Under the server that we run, Django alone would fetch all rows before it sends the first."""
    workflow = Workflow.objects.get(name="task_clean_up_tasks")
    begin = timezone.now()
    Process.objects.bulk_create(
        Process(workflow=workflow, started_at=begin - timedelta(seconds=n // 3), last_modified_at=begin)
        for n in range(2500)
    )
    found = Process.objects.select_related("workflow", "created_by")
    with CaptureQueriesContext(connection) as queries:
        parts = iter(_csv(found))
        sent = [next(parts), next(parts)]
        assert len(queries) == 1
        sent += parts
        assert len(queries) == 3
    rows = list(csv.DictReader("".join(sent).splitlines()))
    assert len(sent) == 4
    assert len({row["process_id"] for row in rows}) == len(rows) == 2500


def test_lists_name_the_schedule_that_started_a_process(browser: Client) -> None:
    process = made()
    due = timezone.now()
    schedule = Schedule.objects.create(name="Every <b>", workflow_id=TASK, trigger="cron", next_due_at=due)
    few = queries(browser, "/processes/"), queries(browser, f"/tasks/{TASK}/")
    Process.objects.filter(pk=process.pk).update(schedule_id=schedule.pk, origin="schedule")
    for address in ("/processes/", f"/tasks/{TASK}/"):
        response = browser.get(address)
        assert "Schedule · Every <b>" in text_of(response)
        assert f'href="/schedules/{schedule.pk}/"' in response.content.decode()
    assert (queries(browser, "/processes/"), queries(browser, f"/tasks/{TASK}/")) == few
    schedule.delete()
    assert "Every <b>" not in text_of(browser.get("/processes/"))


def test_a_bulk_action_with_a_way_back_too_long_to_go_leads_to_the_whole_list(browser: Client) -> None:
    process = made("failed")
    data = {"action": "retry", "selected": [str(process.pk)]}
    assert browser.post("/processes/bulk/", {**data, "back": "text=" + "é" * 100_000})["Location"] == "/processes/?"
    assert browser.post("/processes/bulk/", {**data, "back": "text=a"})["Location"] == "/processes/?text=a"
