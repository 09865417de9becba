"""What will run this week, and what was missed."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from schedules.models import Outcome, Reason, Schedule
from tasks.models import Process
from tests.pages import queries, text_of
from tests.schedules.pages import address, made, occurrence

pytestmark = pytest.mark.django_db


def test_the_week_lists_each_run_and_what_runs_often_once(browser: Client, planner: User) -> None:
    Schedule.objects.all().delete()
    made(planner, "Daily one")
    made(planner, "Busy one", trigger_kwargs={"expression": "* * * * *"})
    response = browser.get(address("week"))
    runs = [run.schedule.name for day in response.context["days"] for run in day.runs]
    assert runs == ["Daily one"] * 7
    assert [schedule.name for schedule, _task, _sentence in response.context["often"]] == ["Busy one"]


def test_the_week_costs_the_same_queries_for_any_number_of_schedules(browser: Client, planner: User) -> None:
    made(planner)
    few = queries(browser, address("week"))
    for number in range(20):
        made(planner, f"Schedule {number}")
    assert queries(browser, address("week")) == few <= 10


def test_after_an_outage_the_latest_all_or_none_are_started(browser: Client, planner: User) -> None:
    chosen = {which: made(planner, f"For {which}") for which in ("latest", "all", "none")}
    for schedule in chosen.values():
        for minutes in (30, 20, 10):
            occurrence(schedule, minutes, Outcome.MISSED, reason=Reason.LATE)
    said = text_of(browser.get(address("outage")))
    assert "9 runs were missed" in said
    for which, schedule in chosen.items():
        browser.post(address("outage"), {"selected": [schedule.pk], "which": which})
    started = {which: Process.objects.filter(schedule_id=schedule.pk).count() for which, schedule in chosen.items()}
    assert started == {"latest": 1, "all": 3, "none": 0}
    made_up, settled = (text_of(browser.get(address("detail", chosen[which]))) for which in ("latest", "none"))
    assert f"Made up for · {planner.username} · Page" in made_up
    assert "Made up for" not in settled
    assert "Nothing was missed" in text_of(browser.get(address("outage")))


def test_the_outage_page_costs_the_same_queries_for_any_number_of_schedules(browser: Client, planner: User) -> None:
    occurrence(made(planner), 5, Outcome.MISSED, reason=Reason.LATE)
    few = queries(browser, address("outage"))
    for number in range(20):
        occurrence(made(planner, f"Schedule {number}"), 5, Outcome.MISSED, reason=Reason.LATE)
    assert queries(browser, address("outage")) == few <= 12


def test_a_missed_run_leads_from_list_and_ledger_to_the_decision(browser: Client, schedule: Schedule) -> None:
    assert address("outage") not in browser.get(address("detail", schedule)).content.decode()
    occurrence(schedule, 90, Outcome.MISSED, reason=Reason.LATE)
    assert address("outage") in browser.get(address("detail", schedule)).content.decode()
    assert "Some runs were missed." in text_of(browser.get(address("list")))
    browser.post(address("outage"), {"selected": [schedule.pk], "which": "none"})
    assert "Some runs were missed." not in text_of(browser.get(address("list")))


@pytest.mark.parametrize("data", [{}, {"which": "latest"}, {"which": "x", "selected": "1"}])
def test_the_outage_page_needs_a_choice(browser: Client, data: dict[str, str]) -> None:
    assert "Choose at least one schedule first." in text_of(browser.post(address("outage"), data, follow=True))
