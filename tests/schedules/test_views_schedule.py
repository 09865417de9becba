"""A schedule's page: its ledger, what can be done to it, and schedules that are declared in code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from schedules.models import Outcome, Reason, Schedule
from tasks.models import Process
from tests.pages import queries, text_of
from tests.schedules.pages import address, made, occurrence, run

pytestmark = pytest.mark.django_db


def test_the_ledger_says_what_became_of_each_due_time(browser: Client, schedule: Schedule) -> None:
    started = occurrence(schedule, 3)
    occurrence(schedule, 2, Outcome.SKIPPED, reason=Reason.OVERLAP, detail="Process 123 is running")
    occurrence(schedule, 1, Outcome.FAILED, reason=Reason.ERROR, traceback="Traceback: boom")
    process = run(started)
    response = browser.get(address("detail", schedule))
    said = text_of(response)
    assert reverse("tasks:process", args=[process.pk]) in response.content.decode()
    for words in ("Completed", "14 ms", "The previous run was still going", "Process 123 is running", "boom"):
        assert words in said
    assert response.context["counts"]["total"] == 3


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"outcome": "skipped"}, 1),
        ({"outcome": "x"}, 0),
        ({"reason": "overlap"}, 1),
        ({"manual": "true"}, 1),
        ({}, 4),
        ({"since": "2020-01-01"}, 4),
        ({"until": "2020-01-01"}, 0),
        ({"since": "x"}, 0),
    ],
)
def test_the_ledger_can_be_narrowed(browser: Client, schedule: Schedule, query: dict[str, str], count: int) -> None:
    occurrence(schedule, 3)
    occurrence(schedule, 2, Outcome.SKIPPED, reason=Reason.OVERLAP)
    occurrence(schedule, 1, Outcome.FAILED)
    occurrence(schedule, 0.5, manual=True)
    assert len(browser.get(address("detail", schedule), query).context["entries"]) == count


def test_pages_of_the_ledger_hold_every_occurrence_once(browser: Client, schedule: Schedule) -> None:
    for number in range(60):
        occurrence(schedule, number)
    seen, query = [], "?"
    while query:
        response = browser.get(address("detail", schedule) + query)
        seen += [entry.occurrence.pk for entry in response.context["entries"]]
        query = response.context["page"].next
    assert len(seen) == len(set(seen)) == 60


def test_a_schedule_costs_the_same_queries_for_any_ledger(browser: Client, schedule: Schedule) -> None:
    run(occurrence(schedule, 100))
    few = queries(browser, address("detail", schedule))
    for number in range(20):
        run(occurrence(schedule, number))
    assert queries(browser, address("detail", schedule)) == few <= 14


def test_a_schedule_is_paused_with_a_reason_and_an_end_and_resumed(browser: Client, schedule: Schedule) -> None:
    assert "Nothing starts while it is paused" in text_of(browser.get(address("pause", schedule)))
    end = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    response = browser.post(address("pause", schedule), {"reason": "rack move", "until": end}, follow=True)
    assert "rack move" in text_of(response)
    assert "goes on by itself" in text_of(response)
    assert not Schedule.objects.get(pk=schedule.pk).enabled
    response = browser.post(address("resume", schedule), follow=True)
    assert "Resumed." in text_of(response)
    assert Schedule.objects.get(pk=schedule.pk).enabled


def test_a_pause_that_would_end_in_the_past_is_refused_beside_its_field(browser: Client, schedule: Schedule) -> None:
    response = browser.post(address("pause", schedule), {"reason": "x", "until": "2020-01-01T00:00"})
    assert "Enter a time in the future." in text_of(response)
    assert Schedule.objects.get(pk=schedule.pk).enabled


def test_the_next_run_is_skipped_and_that_is_taken_back(browser: Client, schedule: Schedule) -> None:
    assert "will be skipped" in text_of(browser.post(address("skip", schedule), follow=True))
    assert Schedule.objects.get(pk=schedule.pk).skip_next
    browser.post(address("skip", schedule), {"on": "0"})
    assert not Schedule.objects.get(pk=schedule.pk).skip_next


def test_run_now_starts_a_process_and_leaves_the_schedule_alone(browser: Client, schedule: Schedule) -> None:
    response = browser.post(address("run", schedule), follow=True)
    process = Process.objects.get(schedule_id=schedule.pk)
    assert process.created_by is not None
    name = process.created_by.username
    assert f"By hand · {name} · Page" in text_of(response)
    assert f"{name} Page" in text_of(browser.get(f"/processes/?schedule_id={schedule.pk}"))
    assert f"{name} Page" in text_of(browser.get(f"/processes/{process.pk}/"))
    assert reverse("tasks:process", args=[process.pk]) in response.content.decode()
    assert Schedule.objects.get(pk=schedule.pk).next_due_at == schedule.next_due_at


def test_deleting_asks_first_and_keeps_the_processes(browser: Client, schedule: Schedule) -> None:
    process = run(occurrence(schedule, 1))
    assert "cannot be undone" in text_of(browser.get(address("delete", schedule)))
    assert Schedule.objects.filter(pk=schedule.pk).exists()
    response = browser.post(address("delete", schedule), follow=True)
    assert "is deleted" in text_of(response)
    assert not Schedule.objects.filter(pk=schedule.pk).exists()
    assert Process.objects.filter(pk=process.pk).exists()


def test_a_schedule_without_owner_says_so_and_can_be_taken_over(
    browser: Client, planner: User, person: Callable[[str], User]
) -> None:
    former = person("scheduler")
    schedule = made(former)
    former.delete()
    assert "It has no owner." in text_of(browser.get(address("detail", schedule)))
    browser.post(address("own", schedule))
    assert Schedule.objects.get(pk=schedule.pk).owner == planner


def test_a_schedule_that_cannot_run_says_why(browser: Client, schedule: Schedule) -> None:
    broken = {"parked_reason": "Its trigger cannot be read", "trigger_kwargs": {"expression": "nonsense"}}
    Schedule.objects.filter(pk=schedule.pk).update(**broken, version=9)
    for url in (address("detail", schedule), address("list"), address("edit", schedule), address("week")):
        assert browser.get(url).status_code == 200
    assert "Its trigger cannot be read" in text_of(browser.get(address("detail", schedule)))


def test_a_schedule_of_a_task_that_is_gone_still_has_its_page(browser: Client, schedule: Schedule) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(workflow="task_renamed")
    for url in (address("detail", schedule), address("list"), address("edit", schedule)):
        assert browser.get(url).status_code == 200


def test_a_code_schedule_says_where_it_is_declared_and_can_be_overridden_and_restored(
    client: Client, person: Callable[[str], User]
) -> None:
    client.force_login(person("admin"))
    declared = {"trigger": "cron", "trigger_kwargs": {"hour": "1"}, "time_zone": "UTC", "policies": {}}
    schedule = Schedule.objects.create(
        name="Nightly sync",
        job_id="nightly-sync",
        function="schedules.jobs.nightly_sync.run_nightly_sync",
        source_file="schedules/jobs/nightly_sync.py",
        declared_trigger=declared,
        system=True,
        trigger="cron",
        trigger_kwargs={"hour": "1"},
        next_due_at=timezone.now() + timedelta(hours=1),
    )
    assert "Declared in schedules/jobs/nightly_sync.py" in text_of(client.get(address("detail", schedule)))
    assert "declared in code" in text_of(client.get(address("delete", schedule)))
    form = client.get(address("edit", schedule))
    assert 'name="workflow_name"' not in form.content.decode()
    data = {"version": "1", "name": "Nightly sync", "kind": "daily", "daily_time": "04:00", "timezone": "UTC"}
    response = client.post(address("edit", schedule), data, follow=True)
    assert "set to run otherwise here" in text_of(response)
    response = client.post(address("restore", schedule), follow=True)
    assert "It runs as declared in code again." in text_of(response)
    assert Schedule.objects.get(pk=schedule.pk).trigger_kwargs["hour"] == "1"
