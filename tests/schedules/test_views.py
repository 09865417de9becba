"""The list of schedules, who gets in, and several schedules at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from schedules import services
from schedules.models import Occurrence, Outcome, Reason, Schedule
from schedules.urls import urlpatterns
from tests.pages import queries, text_of
from tests.schedules.pages import CRON, address, made, occurrence

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("pattern", urlpatterns, ids=lambda pattern: pattern.name)
def test_every_page_asks_for_a_login_first(client: Client, pattern: Any) -> None:
    arguments = [uuid4()] if "<uuid:pk>" in str(pattern.pattern) else []
    for method in (client.get, client.post):
        response = method(reverse(f"schedules:{pattern.name}", args=arguments))
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("name", ["detail", "edit", "delete", "pause"])
def test_what_a_person_may_not_see_does_not_exist_for_them(client: Client, schedule: Schedule, name: str) -> None:
    client.force_login(User.objects.create_user("nobody"))
    assert client.get(address(name, schedule)).status_code == 404
    assert schedule.name not in text_of(client.get(address("list")))


@pytest.mark.parametrize("name", ["resume", "skip", "run", "restore", "own", "delete", "pause"])
def test_a_viewer_changes_nothing(client: Client, person: Callable[[str], User], schedule: Schedule, name: str) -> None:
    client.force_login(person("viewer"))
    before = Schedule.objects.values().get(pk=schedule.pk)
    client.post(address(name, schedule))
    assert Schedule.objects.values().get(pk=schedule.pk) == before
    assert not Occurrence.objects.exists()


def test_a_viewer_reads_why_they_cannot_change_a_schedule(
    client: Client, person: Callable[[str], User], schedule: Schedule
) -> None:
    client.force_login(person("viewer"))
    response = client.get(address("detail", schedule))
    assert response.status_code == 200
    assert "You may not change schedules of" in text_of(response)
    assert address("edit", schedule) not in response.content.decode()
    response = client.get(address("edit", schedule), follow=True)
    assert "You may not change schedules of" in text_of(response)


def test_a_viewer_is_offered_no_task_to_schedule(client: Client, person: Callable[[str], User]) -> None:
    client.force_login(person("viewer"))
    assert "There is no task that you may schedule." in text_of(client.get(address("new")))
    response = client.post(address("new"), CRON)
    assert "you may not schedule it" in text_of(response)
    assert not Schedule.objects.exists()


def test_the_list_says_what_runs_when_in_words(browser: Client, schedule: Schedule) -> None:
    occurrence(schedule, 5, Outcome.SKIPPED, reason=Reason.OVERLAP)
    said = text_of(browser.get(address("list")))
    assert "Every night" in said
    assert "01:30" in said
    assert "Europe/London" in said
    assert "Skipped" in said


def test_an_empty_list_says_what_to_do(browser: Client) -> None:
    Schedule.objects.all().delete()
    response = browser.get(address("list"))
    assert "Nothing is scheduled yet" in text_of(response)
    assert address("new") in response.content.decode()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "night core"}, {"Night core"}),
        ({"q": "sync_from"}, {"Night core", "Day edge", "Paused", "Broken", "Over"}),
        ({"tag": "core"}, {"Night core"}),
        ({"state": "paused"}, {"Paused"}),
        ({"state": "parked"}, {"Broken"}),
        ({"state": "finished"}, {"Over"}),
        ({"state": "active"}, {"Night core", "Day edge"}),
        ({"state": "nonsense"}, set()),
        ({"sort": "next", "state": "active"}, {"Night core", "Day edge"}),
        ({"workflow_name": "task_unknown"}, set()),
        ({"after": '["x","y"]'}, {"Night core", "Day edge", "Paused", "Broken", "Over"}),
        ({"after": "nonsense"}, {"Night core", "Day edge", "Paused", "Broken", "Over"}),
    ],
)
def test_the_list_can_be_narrowed(browser: Client, planner: User, query: dict[str, str], names: set[str]) -> None:
    Schedule.objects.all().delete()
    made(planner, "Night core", tags=["core"])
    made(planner, "Day edge", tags=["edge"])
    services.pause_schedule(made(planner, "Paused").pk, user=planner, reason="rack move")
    Schedule.objects.filter(pk=made(planner, "Broken").pk).update(parked_reason="no such hour", next_due_at=None)
    Schedule.objects.filter(pk=made(planner, "Over").pk).update(next_due_at=None)
    response = browser.get(address("list"), query)
    assert {row.schedule.name for row in response.context["rows"]} == names


def test_a_nul_character_in_a_search_is_no_server_error(browser: Client) -> None:
    assert browser.get(address("list"), {"q": "\0"}).status_code in {200, 400}


def test_pages_of_the_list_hold_every_schedule_once(browser: Client, planner: User) -> None:
    Schedule.objects.all().delete()
    for number in range(120):
        made(planner, f"Schedule {number % 7}")
    seen, query = [], "?sort=name"
    while query:
        response = browser.get(address("list") + query)
        seen += [row.schedule.pk for row in response.context["rows"]]
        query = response.context["page"].next
    assert len(seen) == len(set(seen)) == 120


def test_the_list_costs_the_same_queries_for_any_number_of_schedules(browser: Client, planner: User) -> None:
    occurrence(made(planner), 1)
    few = queries(browser, address("list"))
    for number in range(30):
        occurrence(made(planner, f"Schedule {number}", tags=["a"]), 1)
    assert queries(browser, address("list")) == few <= 12


def test_htmx_gets_the_fragment_that_the_page_contains(browser: Client, schedule: Schedule) -> None:
    for url, root in ((address("list"), "schedules"), (address("detail", schedule), "schedule")):
        page = browser.get(url)
        fragment = browser.get(url, headers={"HX-Request": "true"})
        assert fragment.content.decode().strip().startswith(f'<div id="{root}"')
        assert "<html" in page.content.decode()
        assert "<html" not in fragment.content.decode()
        assert "HX-Request" in page["Vary"]
        assert "HX-Request" in fragment["Vary"]


def test_several_schedules_are_paused_and_resumed_at_once(browser: Client, planner: User) -> None:
    ids = [made(planner, f"Schedule {number}").pk for number in range(3)]
    back = address("list") + "?q=schedule"
    response = browser.post(
        address("bulk"), {"selected": ids, "action": "pause", "reason": "maintenance", "next": back}, follow=True
    )
    assert response.redirect_chain == [(back, 302)]
    assert "3 schedules paused." in text_of(response)
    assert set(Schedule.objects.filter(pk__in=ids).values_list("enabled", "paused_reason")) == {(False, "maintenance")}
    browser.post(address("bulk"), {"selected": ids[:2], "action": "resume"})
    assert Schedule.objects.filter(pk__in=ids, enabled=True).count() == 2


def test_a_bulk_action_needs_a_selection_and_goes_back_to_our_own_pages_only(browser: Client) -> None:
    data = {"action": "pause", "selected": ["nonsense"], "next": "https://evil.example/"}
    response = browser.post(address("bulk"), data, follow=True)
    assert response.redirect_chain == [(address("list"), 302)]
    assert "Choose at least one schedule first." in text_of(response)
    data["next"] = f"{address('list')}?q={'é' * 100_000}"
    assert browser.post(address("bulk"), data)["Location"] == address("list")
