"""The form of a schedule: new, edit, inputs, and the preview while somebody types."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from django.test import Client

from accounts.models import User
from schedules import services
from schedules.models import Schedule
from tasks import registry
from tasks.secrets import Secret
from tests.pages import text_of
from tests.schedules.pages import CRON, TASK, address, edit_data, made, without_times

pytestmark = pytest.mark.django_db
SEALED = r'<input type="hidden" name="(inputs-0-password-sealed)" value="([^"]*)"'


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
    page, said = response.content.decode(), text_of(response)
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
    assert str(registry.label(TASK)) in text_of(response)


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
    assert "Every minute" in text_of(response)
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
    assert "One more page." in text_of(second)
    assert 'value="lon-core-01"' in second.content.decode()
    assert not Schedule.objects.exists()
    data |= {"inputs-1-shown": "1", "inputs-1-router": "lon-core-02"}
    response = browser.post(address("new"), data, follow=True)
    schedule = Schedule.objects.get()
    assert schedule.user_inputs[0]["site"] == "lon"
    assert schedule.user_inputs[1] == {"router": "lon-core-02"}
    assert "hunter22" not in str(schedule.user_inputs)
    assert "lon-core-02" in text_of(response)
    assert "••••" in text_of(response)
    assert "hunter22" not in response.content.decode()


def test_a_secret_of_an_earlier_page_need_not_be_typed_again(browser: Client, pages_task: str) -> None:
    data = {**CRON, "workflow_name": pages_task, "inputs-0-shown": "1", "inputs-0-site": "lon"}
    second = browser.post(address("new"), {**data, "inputs-0-password": "hunter22"})
    assert "hunter22" not in second.content.decode()
    [field] = re.findall(r'<input[^>]*name="inputs-0-password"[^>]*>', second.content.decode())
    assert "••••" in field
    assert "required" not in field
    data |= {name: unescape(value) for name, value in re.findall(SEALED, second.content.decode())}
    data |= {"inputs-0-password": "", "inputs-1-shown": "1", "inputs-1-router": "", "expression": "0 25 * * *"}
    wrong = browser.post(address("new"), data)
    assert "Password" not in text_of(wrong).split("Schedule not saved:")[1][:200]
    data |= {name: unescape(value) for name, value in re.findall(SEALED, wrong.content.decode())}
    response = browser.post(address("new"), {**data, "expression": "0 1 * * *", "inputs-1-router": "lon-core-02"})
    assert response.status_code == 302
    stored = Schedule.objects.get().user_inputs
    assert Secret.from_json(stored[0]["password"]) == "hunter22"
    assert stored[1] == {"router": "lon-core-02"}


def test_the_encrypted_form_of_a_stored_secret_goes_to_nobody(browser: Client, planner: User, pages_task: str) -> None:
    inputs = [{"site": "ams", "password": "hunter22"}, {"router": "ams-core-01"}]
    schedule = made(planner, workflow_name=pages_task, user_inputs=inputs)
    data = edit_data(schedule, workflow_name=pages_task, timezone="Nowhere")
    data |= {"inputs-0-shown": "1", "inputs-0-site": "lon", "inputs-0-password": ""}
    for page in (browser.get(address("edit", schedule)), browser.post(address("edit", schedule), data)):
        assert page.status_code == 200
        assert schedule.user_inputs[0]["password"]["__secret__"] not in unescape(page.content.decode())


def test_an_input_that_is_wrong_is_told_at_its_page(browser: Client, pages_task: str) -> None:
    data = {
        **CRON,
        "workflow_name": pages_task,
        "inputs-0-shown": "1",
        "inputs-0-site": "par",
        "inputs-0-password": "x",
    }
    response = browser.post(address("new"), data)
    assert "par is not one of the available choices" in text_of(response)
    assert not Schedule.objects.exists()


def test_a_secret_left_empty_on_edit_stays_what_it_was(browser: Client, planner: User, pages_task: str) -> None:
    inputs = [{"site": "ams", "password": "hunter22"}, {"router": "ams-core-09"}]
    schedule = made(planner, workflow_name=pages_task, user_inputs=inputs)
    page = browser.get(address("edit", schedule)).content.decode()
    assert "hunter22" not in page
    assert re.search(r'name="inputs-1-router" value="ams-core-09"', page)  # all its pages, with what is stored
    data = edit_data(schedule, workflow_name=pages_task)
    data |= {"inputs-0-shown": "1", "inputs-0-site": "lon", "inputs-0-password": ""}
    data |= {"inputs-1-shown": "1", "inputs-1-router": "lon-core-07"}
    response = browser.post(address("edit", schedule), data)
    assert response.status_code == 302
    stored = Schedule.objects.get(pk=schedule.pk).user_inputs
    assert stored[0]["password"] == schedule.user_inputs[0]["password"]
    assert stored[0]["site"] == "lon"


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
    said = text_of(response)
    assert "your zone is America/New_York" in said
    assert "Your time" in said
    assert "UTC" in said


def test_the_preview_flags_the_hour_that_clocks_skip(browser: Client) -> None:
    data = {**CRON, "expression": "30 1 * * 0", "timezone": "Europe/London", "start_date": "2027-03-25T00:00:00"}
    rows = browser.post(address("preview"), data).context["times"].rows
    gap = next(row for row in rows if row.at.date().isoformat() == "2027-03-28")
    assert gap.flag == "gap"
    assert gap.at == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)
    assert "clocks go forward" in text_of(browser.post(address("preview"), data))


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
    response = browser.post(address("preview"), {**CRON, **values})
    assert words in text_of(response)
    [announced] = re.findall(r'data-announce="([^"]*)"', response.content.decode())
    assert words in unescape(announced)


def test_the_preview_of_an_edit_shows_what_holds_now_beside_it(browser: Client, schedule: Schedule) -> None:
    url = f"{address('preview')}?schedule={schedule.pk}"
    data = {**CRON, "expression": "0 5 * * *", "timezone": "Europe/London"}
    rows = browser.post(url, data).context["times"].rows
    assert rows[0].before == schedule.next_due_at
    assert rows[0].at != rows[0].before


def test_an_edit_shows_the_due_times_before_and_after_it_once(browser: Client, schedule: Schedule) -> None:
    data = edit_data(schedule, daily_time="05:00", name="Every morning")
    response = browser.post(address("edit", schedule), data, follow=True)
    said = text_of(response)
    assert "Every morning" in said
    assert "Before" in said
    assert ", 01:30" in said
    assert ", 05:00" in said
    assert "Before" not in text_of(browser.get(address("detail", schedule)))


def test_saving_an_untouched_form_leaves_the_trigger_alone(browser: Client, planner: User) -> None:
    schedule = made(planner, trigger="interval", trigger_kwargs={"minutes": 5})
    form = browser.get(address("edit", schedule)).context["forms"]
    data = {**form.timing.as_sent().dict(), "version": "1", "workflow_name": TASK, "name": "Renamed"}
    assert browser.post(address("edit", schedule), data).status_code == 302
    edited = Schedule.objects.get(pk=schedule.pk)
    assert edited.name == "Renamed"
    assert edited.trigger_kwargs == schedule.trigger_kwargs
    assert edited.next_due_at == schedule.next_due_at


def test_a_trigger_shown_as_json_is_left_alone_by_an_untouched_form(browser: Client, planner: User) -> None:
    schedule = made(planner, trigger="interval", trigger_kwargs={"hours": 1, "minutes": 30})
    services.skip_next(schedule.pk, user=planner)
    timing = browser.get(address("edit", schedule)).context["forms"].timing.as_sent().dict()
    assert timing["combine_mode"] == "json"
    timing["combine_json"] = timing["combine_json"].replace("\n", "\r\n")  # as browsers send it
    browser.post(address("edit", schedule), {**timing, "version": "2", "workflow_name": TASK, "name": "Renamed"})
    edited = Schedule.objects.get(pk=schedule.pk)
    assert (edited.name, edited.skip_next, edited.next_due_at) == ("Renamed", True, schedule.next_due_at)


def test_an_edit_of_what_somebody_else_changed_meanwhile_is_refused(browser: Client, schedule: Schedule) -> None:
    data = edit_data(schedule, name="Mine", daily_time="07:07")
    services.edit_schedule(schedule.pk, {"name": "Theirs"}, user=None)
    response = browser.post(address("edit", schedule), data)
    assert "changed by somebody else" in text_of(response)
    assert "Load what is saved" in text_of(response)
    assert 'value="07:07"' in response.content.decode()
    assert Schedule.objects.get(pk=schedule.pk).name == "Theirs"
