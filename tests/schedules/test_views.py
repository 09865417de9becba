"""Pages of schedules: list, form, preview, schedule with ledger, actions, week, outage; with and without permission."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from orchestrator.workflows import LazyWorkflowInstance
from schedules import services
from schedules.models import Occurrence, Outcome, Reason, Schedule
from schedules.urls import urlpatterns
from tasks import registry
from tasks.models import Process, ProcessStatus, Workflow

pytestmark = pytest.mark.django_db

TASK = "task_sync_from"
CRON = {"workflow_name": TASK, "kind": "cron", "expression": "*/1 * * * *", "timezone": "UTC"}


@pytest.fixture
def person() -> Callable[[str], User]:
    """Make a user with one role."""

    def make(role: str) -> User:
        user = User.objects.create_user(f"{role}-{uuid4().hex[:6]}", password="a long enough one")
        user.groups.add(Group.objects.get(name=role))
        return user

    return make


@pytest.fixture
def planner(person: Callable[[str], User]) -> User:
    return person("scheduler")


@pytest.fixture
def browser(client: Client, planner: User) -> Client:
    """The browser of somebody who may schedule."""
    client.force_login(planner)
    return client


@pytest.fixture
def schedule(planner: User) -> Schedule:
    return made(planner)


@pytest.fixture
def pages_task() -> Iterator[str]:
    """A task with two pages of inputs and a secret."""
    LazyWorkflowInstance("tests.schedules.workflows", "task_with_pages")
    Workflow.objects.create(name="task_with_pages", target="SYSTEM", description="With pages")
    yield "task_with_pages"
    registry._registry.workflows.pop("task_with_pages")


def made(user: User | None, name: str = "Every night", **values: Any) -> Schedule:
    arguments: dict[str, Any] = {
        "name": name,
        "workflow_name": TASK,
        "trigger": "cron",
        "trigger_kwargs": {"expression": "30 1 * * *"},
        "time_zone": "Europe/London",
        **values,
    }
    return services.create_schedule(user=user, **arguments)


def occurrence(schedule: Schedule, minutes_ago: float, outcome: str = Outcome.STARTED, **values: Any) -> Occurrence:
    due = timezone.now() - timedelta(minutes=minutes_ago)
    fired = due + timedelta(milliseconds=14)
    return Occurrence.objects.create(schedule=schedule, scheduled_at=due, fired_at=fired, outcome=outcome, **values)


def text(response: Any) -> str:
    """Return what a page says, without its tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def address(name: str, schedule: Schedule | None = None) -> str:
    return reverse(f"schedules:{name}", args=[schedule.pk] if schedule else [])


# Who gets in


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
    assert schedule.name not in text(client.get(address("list")))


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
    assert "You may not change schedules of" in text(response)
    assert address("edit", schedule) not in response.content.decode()
    response = client.get(address("edit", schedule), follow=True)
    assert "You may not change schedules of" in text(response)


def test_a_viewer_is_offered_no_task_to_schedule(client: Client, person: Callable[[str], User]) -> None:
    client.force_login(person("viewer"))
    assert "There is no task that you may schedule." in text(client.get(address("new")))
    response = client.post(address("new"), CRON)
    assert "you may not schedule it" in text(response)
    assert not Schedule.objects.exists()


# The list


def test_the_list_says_what_runs_when_in_words(browser: Client, schedule: Schedule) -> None:
    occurrence(schedule, 5, Outcome.SKIPPED, reason=Reason.OVERLAP)
    said = text(browser.get(address("list")))
    assert "Every night" in said
    assert "01:30" in said
    assert "Europe/London" in said
    assert "Skipped" in said


def test_an_empty_list_says_what_to_do(browser: Client) -> None:
    Schedule.objects.all().delete()
    response = browser.get(address("list"))
    assert "Nothing is scheduled yet" in text(response)
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
    assert "3 schedules paused." in text(response)
    assert set(Schedule.objects.filter(pk__in=ids).values_list("enabled", "paused_reason")) == {(False, "maintenance")}
    browser.post(address("bulk"), {"selected": ids[:2], "action": "resume"})
    assert Schedule.objects.filter(pk__in=ids, enabled=True).count() == 2


def test_a_bulk_action_needs_a_selection_and_goes_back_to_our_own_pages_only(browser: Client) -> None:
    data = {"action": "pause", "selected": ["nonsense"], "next": "https://evil.example/"}
    response = browser.post(address("bulk"), data, follow=True)
    assert response.redirect_chain == [(address("list"), 302)]
    assert "Choose at least one schedule first." in text(response)


# The form


def test_task_cron_expression_and_time_zone_are_enough(browser: Client, planner: User) -> None:
    response = browser.post(address("new"), CRON)
    schedule = Schedule.objects.get(owner=planner)
    assert response["Location"] == address("detail", schedule)
    assert schedule.name == str(registry.label(TASK))
    assert (schedule.trigger, schedule.trigger_kwargs["expression"]) == ("cron", "*/1 * * * *")
    assert schedule.next_due_at is not None


def test_what_is_wrong_is_said_beside_the_field_and_what_was_typed_stays(browser: Client) -> None:
    data = {**CRON, "expression": "0 25 * * *", "timezone": "Europe/Lodnon", "name": "Mine"}
    response = browser.post(address("new"), data)
    page, said = response.content.decode(), text(response)
    assert "Schedule not saved:" in said
    assert "'0 25 * * *' has no hour 25 (0 to 23)." in said
    assert "Did you mean Europe/London?" in said
    for typed in ("0 25 * * *", "Europe/Lodnon", "Mine"):
        assert f'value="{typed}"' in page
    assert not Schedule.objects.filter(name="Mine").exists()


def test_the_form_is_filled_in_from_the_address(browser: Client) -> None:
    query = {"task": TASK, "kind": "cron", "expression": "5 4 * * *", "timezone": "Asia/Tokyo", "tags": "core"}
    response = browser.get(address("new"), query)
    page = response.content.decode()
    assert f'value="{TASK}" selected' in page
    assert 'value="5 4 * * *"' in page
    assert response.context["times"].zone == "Asia/Tokyo"
    assert str(registry.label(TASK)) in text(response)


@pytest.mark.parametrize(
    "query",
    [
        {"task": "no_such_task"},
        {"kind": "nonsense", "every": "x", "unit": "y"},
        {"legs": "x", "misfire_grace": "soon", "timezone": "x" * 5000},
        {"weekdays": "9", "month_day": "32", "overlap": "?", "run_date": "\ufffex", "combine_json": "{"},
    ],
)
def test_nonsense_in_the_address_is_harmless(browser: Client, query: dict[str, str]) -> None:
    assert browser.get(address("new"), query).status_code == 200


def test_showing_is_not_saving(browser: Client) -> None:
    response = browser.post(address("new"), {**CRON, "show": "1"})
    assert response.status_code == 200
    assert "Every minute" in text(response)
    assert not Schedule.objects.exists()


def test_another_leg_can_be_asked_for_up_to_a_limit(browser: Client) -> None:
    data = {**CRON, "kind": "combine", "legs-TOTAL_FORMS": "2", "legs-INITIAL_FORMS": "0", "add_leg": "1"}
    assert browser.post(address("new"), data).content.decode().count('class="leg row"') == 3
    data["legs-TOTAL_FORMS"] = "10"
    assert browser.post(address("new"), data).content.decode().count('class="leg row"') == 10


def test_a_task_with_pages_asks_one_after_the_other_and_stores_secrets_encrypted(
    browser: Client, pages_task: str
) -> None:
    data = {**CRON, "workflow_name": pages_task}
    shown = browser.post(address("new"), {**data, "show": "1"})
    assert 'name="inputs-0-site"' in shown.content.decode()
    data |= {"inputs-0-shown": "1", "inputs-0-site": "lon", "inputs-0-password": "hunter22"}
    second = browser.post(address("new"), data)
    assert "One more page." in text(second)
    assert 'value="lon-core-01"' in second.content.decode()
    assert not Schedule.objects.exists()
    data |= {"inputs-1-shown": "1", "inputs-1-router": "lon-core-02"}
    response = browser.post(address("new"), data, follow=True)
    schedule = Schedule.objects.get()
    assert schedule.user_inputs[0]["site"] == "lon"
    assert schedule.user_inputs[1] == {"router": "lon-core-02"}
    assert "hunter22" not in str(schedule.user_inputs)
    assert "lon-core-02" in text(response)
    assert "••••" in text(response)
    assert "hunter22" not in response.content.decode()


def test_an_input_that_is_wrong_is_told_at_its_page(browser: Client, pages_task: str) -> None:
    data = {
        **CRON,
        "workflow_name": pages_task,
        "inputs-0-shown": "1",
        "inputs-0-site": "par",
        "inputs-0-password": "x",
    }
    response = browser.post(address("new"), data)
    assert "par is not one of the available choices" in text(response)
    assert not Schedule.objects.exists()


def test_a_secret_left_empty_on_edit_stays_what_it_was(browser: Client, planner: User, pages_task: str) -> None:
    inputs = [{"site": "ams", "password": "hunter22"}, {"router": "ams-core-01"}]
    schedule = made(planner, workflow_name=pages_task, user_inputs=inputs)
    page = browser.get(address("edit", schedule)).content.decode()
    assert "hunter22" not in page
    data = edit_data(schedule, workflow_name=pages_task)
    data |= {"inputs-0-shown": "1", "inputs-0-site": "lon", "inputs-0-password": ""}
    data |= {"inputs-1-shown": "1", "inputs-1-router": "lon-core-07"}
    response = browser.post(address("edit", schedule), data)
    assert response.status_code == 302
    stored = Schedule.objects.get(pk=schedule.pk).user_inputs
    assert stored[0]["password"] == schedule.user_inputs[0]["password"]
    assert stored[0]["site"] == "lon"


# The preview


def test_the_preview_is_the_same_fragment_by_itself_and_in_the_page(browser: Client) -> None:
    page = browser.post(address("new"), {**CRON, "show": "1"}).content.decode()
    fragment = browser.post(address("preview"), CRON, headers={"HX-Request": "true"}).content.decode()
    assert fragment.strip().startswith('<section id="preview"')
    assert fragment.strip().endswith("</section>")
    assert without_times(fragment) in without_times(page)


def test_the_preview_shows_ten_due_times_in_three_zones(browser: Client) -> None:
    browser.cookies["tz"] = "America/New_York"
    data = {**CRON, "expression": "30 1 * * *", "timezone": "Europe/London"}
    response = browser.post(address("preview"), data)
    assert len(response.context["times"].rows) == 10
    said = text(response)
    assert "your zone is America/New_York" in said
    assert "Your time" in said
    assert "UTC" in said


def test_the_preview_flags_the_hour_that_clocks_skip(browser: Client) -> None:
    data = {**CRON, "expression": "30 1 * * 0", "timezone": "Europe/London", "start_date": "2027-03-25T00:00:00"}
    rows = browser.post(address("preview"), data).context["times"].rows
    gap = next(row for row in rows if row.at.date().isoformat() == "2027-03-28")
    assert gap.flag == "gap"
    assert gap.at == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)
    assert "clocks go forward" in text(browser.post(address("preview"), data))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"expression": "0 25 * * *"}, "has no hour 25 (0 to 23)."),
        ({"timezone": "Europe/Lodnon"}, "Did you mean Europe/London?"),
        ({"timezone": ""}, "This field is required."),
        ({"kind": ""}, "This field is required."),
        ({"kind": "once", "run_date": "2020-01-01T00:00"}, "never due again"),
    ],
)
def test_the_preview_says_what_is_wrong(browser: Client, values: dict[str, str], words: str) -> None:
    assert words in text(browser.post(address("preview"), {**CRON, **values}))


def test_the_preview_of_an_edit_shows_what_holds_now_beside_it(browser: Client, schedule: Schedule) -> None:
    url = f"{address('preview')}?schedule={schedule.pk}"
    data = {**CRON, "expression": "0 5 * * *", "timezone": "Europe/London"}
    rows = browser.post(url, data).context["times"].rows
    assert rows[0].before == schedule.next_due_at
    assert rows[0].at != rows[0].before


# Editing


def edit_data(schedule: Schedule, **values: str) -> dict[str, str]:
    return {
        "version": str(schedule.version),
        "workflow_name": TASK,
        "name": schedule.name,
        "kind": "daily",
        "daily_time": "01:30",
        "timezone": schedule.time_zone,
        **values,
    }


def test_an_edit_shows_the_due_times_before_and_after_it_once(browser: Client, schedule: Schedule) -> None:
    data = edit_data(schedule, daily_time="05:00", name="Every morning")
    response = browser.post(address("edit", schedule), data, follow=True)
    said = text(response)
    assert "Every morning" in said
    assert "Before" in said
    assert ", 01:30" in said
    assert ", 05:00" in said
    assert "Before" not in text(browser.get(address("detail", schedule)))


def test_saving_an_untouched_form_leaves_the_trigger_alone(browser: Client, planner: User) -> None:
    schedule = made(planner, trigger="interval", trigger_kwargs={"minutes": 5})
    form = browser.get(address("edit", schedule)).context["forms"]
    data = {**form.timing.as_sent().dict(), "version": "1", "workflow_name": TASK, "name": "Renamed"}
    assert browser.post(address("edit", schedule), data).status_code == 302
    edited = Schedule.objects.get(pk=schedule.pk)
    assert edited.name == "Renamed"
    assert edited.trigger_kwargs == schedule.trigger_kwargs
    assert edited.next_due_at == schedule.next_due_at


def test_an_edit_of_what_somebody_else_changed_meanwhile_is_refused(browser: Client, schedule: Schedule) -> None:
    data = edit_data(schedule, name="Mine", daily_time="07:07")
    services.edit_schedule(schedule.pk, {"name": "Theirs"}, user=None)
    response = browser.post(address("edit", schedule), data)
    assert "changed by somebody else" in text(response)
    assert "Load what is saved" in text(response)
    assert 'value="07:07"' in response.content.decode()
    assert Schedule.objects.get(pk=schedule.pk).name == "Theirs"


# The schedule's page


def test_the_ledger_says_what_became_of_each_due_time(browser: Client, schedule: Schedule) -> None:
    started = occurrence(schedule, 3)
    occurrence(schedule, 2, Outcome.SKIPPED, reason=Reason.OVERLAP, detail="Process 123 is running")
    occurrence(schedule, 1, Outcome.FAILED, reason=Reason.ERROR, traceback="Traceback: boom")
    process = run(started)
    response = browser.get(address("detail", schedule))
    said = text(response)
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
    assert "Nothing starts while it is paused" in text(browser.get(address("pause", schedule)))
    end = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    response = browser.post(address("pause", schedule), {"reason": "rack move", "until": end}, follow=True)
    assert "rack move" in text(response)
    assert "goes on by itself" in text(response)
    assert not Schedule.objects.get(pk=schedule.pk).enabled
    response = browser.post(address("resume", schedule), follow=True)
    assert "Resumed." in text(response)
    assert Schedule.objects.get(pk=schedule.pk).enabled


def test_a_pause_that_would_end_in_the_past_is_refused_beside_its_field(browser: Client, schedule: Schedule) -> None:
    response = browser.post(address("pause", schedule), {"reason": "x", "until": "2020-01-01T00:00"})
    assert "Enter a time in the future." in text(response)
    assert Schedule.objects.get(pk=schedule.pk).enabled


def test_the_next_run_is_skipped_and_that_is_taken_back(browser: Client, schedule: Schedule) -> None:
    assert "will be skipped" in text(browser.post(address("skip", schedule), follow=True))
    assert Schedule.objects.get(pk=schedule.pk).skip_next
    browser.post(address("skip", schedule), {"on": "0"})
    assert not Schedule.objects.get(pk=schedule.pk).skip_next


def test_run_now_starts_a_process_and_leaves_the_schedule_alone(browser: Client, schedule: Schedule) -> None:
    response = browser.post(address("run", schedule), follow=True)
    process = Process.objects.get(schedule_id=schedule.pk)
    assert reverse("tasks:process", args=[process.pk]) in response.content.decode()
    assert Schedule.objects.get(pk=schedule.pk).next_due_at == schedule.next_due_at


def test_deleting_asks_first_and_keeps_the_processes(browser: Client, schedule: Schedule) -> None:
    process = run(occurrence(schedule, 1))
    assert "cannot be undone" in text(browser.get(address("delete", schedule)))
    assert Schedule.objects.filter(pk=schedule.pk).exists()
    response = browser.post(address("delete", schedule), follow=True)
    assert "is deleted" in text(response)
    assert not Schedule.objects.filter(pk=schedule.pk).exists()
    assert Process.objects.filter(pk=process.pk).exists()


def test_a_schedule_without_owner_says_so_and_can_be_taken_over(
    browser: Client, planner: User, person: Callable[[str], User]
) -> None:
    former = person("scheduler")
    schedule = made(former)
    former.delete()
    assert "It has no owner." in text(browser.get(address("detail", schedule)))
    browser.post(address("own", schedule))
    assert Schedule.objects.get(pk=schedule.pk).owner == planner


def test_a_schedule_that_cannot_run_says_why(browser: Client, schedule: Schedule) -> None:
    broken = {"parked_reason": "Its trigger cannot be read", "trigger_kwargs": {"expression": "nonsense"}}
    Schedule.objects.filter(pk=schedule.pk).update(**broken, version=9)
    for url in (address("detail", schedule), address("list"), address("edit", schedule), address("week")):
        assert browser.get(url).status_code == 200
    assert "Its trigger cannot be read" in text(browser.get(address("detail", schedule)))


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
    assert "Declared in schedules/jobs/nightly_sync.py" in text(client.get(address("detail", schedule)))
    assert "declared in code" in text(client.get(address("delete", schedule)))
    form = client.get(address("edit", schedule))
    assert 'name="workflow_name"' not in form.content.decode()
    data = {"version": "1", "name": "Nightly sync", "kind": "daily", "daily_time": "04:00", "timezone": "UTC"}
    response = client.post(address("edit", schedule), data, follow=True)
    assert "set to run otherwise here" in text(response)
    response = client.post(address("restore", schedule), follow=True)
    assert "It runs as declared in code again." in text(response)
    assert Schedule.objects.get(pk=schedule.pk).trigger_kwargs["hour"] == "1"


# Week and outage


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
    said = text(browser.get(address("outage")))
    assert "9 runs were missed" in said
    for which, schedule in chosen.items():
        browser.post(address("outage"), {"selected": [schedule.pk], "which": which})
    started = {which: Process.objects.filter(schedule_id=schedule.pk).count() for which, schedule in chosen.items()}
    assert started == {"latest": 1, "all": 3, "none": 0}
    assert "Nothing was missed" in text(browser.get(address("outage")))


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
    assert "Some runs were missed." in text(browser.get(address("list")))
    browser.post(address("outage"), {"selected": [schedule.pk], "which": "none"})
    assert "Some runs were missed." not in text(browser.get(address("list")))


@pytest.mark.parametrize("data", [{}, {"which": "latest"}, {"which": "x", "selected": "1"}])
def test_the_outage_page_needs_a_choice(browser: Client, data: dict[str, str]) -> None:
    assert "Choose at least one schedule first." in text(browser.post(address("outage"), data, follow=True))


def queries(browser: Client, url: str) -> int:
    """Return what a page costs once caches are warm."""
    browser.get(url)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert browser.get(url).status_code == 200
    return len(captured)


def run(occurrence: Occurrence) -> Process:
    """Return a finished process that the occurrence started."""
    now = timezone.now()
    return Process.objects.create(
        workflow=Workflow.objects.get(name=TASK),
        status=ProcessStatus.COMPLETED,
        started_at=now,
        last_modified_at=now,
        completed_at=now,
        schedule_id=occurrence.schedule_id,
        occurrence_id=occurrence.pk,
    )


def without_times(html: str) -> str:
    """Leave out what differs from second to second."""
    return re.sub(r"<time.*?</time>", "", html)
