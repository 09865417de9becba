"""The form of a schedule: seven ways of asking "how often", their triggers, errors beside fields, and the way back."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from django.http import QueryDict

from schedules.forms import TimingForm
from schedules.forms.combine import from_json, to_json
from schedules.forms.details import DetailsForm
from schedules.services import create_schedule

ONE_O_CLOCK = {"trigger": "cron", "trigger_kwargs": {"hour": "1"}}
WINDOW = {
    "start_date": "2027-01-01T00:00:00",
    "end_date": "2028-01-01T00:00:00",
    "jitter": "30",
    "except_dates": "12-25, 2027-04-05",
}


def sent(**values: Any) -> QueryDict:
    """Return what a browser sends: lists as repeated parameters."""
    data = QueryDict(mutable=True)
    for name, value in {"timezone": "UTC", **values}.items():
        data.setlist(name, [str(item) for item in value] if isinstance(value, list) else [str(value)])
    return data


def legs(*rows: dict[str, Any], mode: str = "or") -> QueryDict:
    values: dict[str, Any] = {"kind": "combine", "combine_mode": mode}
    values |= {"legs-TOTAL_FORMS": len(rows), "legs-INITIAL_FORMS": 0}
    for number, row in enumerate(rows):
        values |= {f"legs-{number}-{name}": value for name, value in row.items()}
    return sent(**values)


def trigger_of(data: QueryDict) -> tuple[str, dict[str, Any]]:
    form = TimingForm(data)
    assert form.is_valid(), form.errors
    stored = form.stored()
    return stored["trigger"], stored["trigger_kwargs"]


@pytest.mark.parametrize(
    ("values", "kind", "kwargs"),
    [
        ({"kind": "daily", "daily_time": "01:30"}, "cron", {"expression": "30 1 * * *"}),
        ({"kind": "weekly", "weekdays": ["1", "0"], "weekly_time": "9:05"}, "cron", {"expression": "5 9 * * 1,0"}),
        ({"kind": "monthly", "month_day": "15", "monthly_time": "00:00"}, "cron", {"expression": "0 0 15 * *"}),
        ({"kind": "monthly", "month_day": "L", "monthly_time": "23:59"}, "cron", {"expression": "59 23 L * *"}),
        ({"kind": "monthly", "month_day": "1#2", "monthly_time": "06:00"}, "cron", {"expression": "0 6 * * 1#2"}),
        ({"kind": "monthly", "month_day": "5L", "monthly_time": "06:00"}, "cron", {"expression": "0 6 * * 5L"}),
        ({"kind": "cron", "expression": "*/1 * * * *"}, "cron", {"expression": "*/1 * * * *"}),
    ],
)
def test_each_simple_way_is_the_cron_expression_that_it_says(
    values: dict[str, Any], kind: str, kwargs: dict[str, Any]
) -> None:
    assert trigger_of(sent(**values)) == (kind, kwargs)


def test_every_counts_elapsed_time_or_calendar_months() -> None:
    kind, kwargs = trigger_of(sent(kind="every", every=90, unit="minutes"))
    assert (kind, kwargs["minutes"]) == ("interval", 90)
    kind, kwargs = trigger_of(sent(kind="every", every=3, unit="months", every_time="02:30"))
    assert kind == "calendarinterval"
    assert (kwargs["months"], kwargs["hour"], kwargs["minute"]) == (3, 2, 30)


def test_once_is_a_local_time_of_the_chosen_zone_not_of_the_viewer() -> None:
    data = sent(kind="once", run_date="2027-07-01T10:00", timezone="America/New_York")
    kind, kwargs = trigger_of(data)
    assert kind == "date"
    assert kwargs["run_date"] == "2027-07-01T10:00:00-04:00"


def test_cron_by_single_fields_has_seconds() -> None:
    kind, kwargs = trigger_of(sent(kind="cron", cron_hour="1", cron_second="30"))
    assert kind == "cron"
    assert (kwargs["hour"], kwargs["second"]) == ("1", "30")


def test_start_end_and_jitter_apply_to_every_kind_that_repeats() -> None:
    _kind, kwargs = trigger_of(sent(kind="daily", daily_time="01:00", **WINDOW))
    assert kwargs["jitter"] == 30
    assert kwargs["except_dates"] == ["12-25", "2027-04-05"]
    assert kwargs["start_date"].startswith("2027-01-01T00:00:00")
    assert kwargs["end_date"].startswith("2028-01-01T00:00:00")


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"kind": "cron", "expression": "0 25 * * *"}, "expression", "'0 25 * * *' has no hour 25 (0 to 23)."),
        ({"kind": "cron", "expression": ""}, "expression", "Write a cron expression"),
        ({"kind": "cron", "expression": "0 1 * * *", "cron_hour": "1"}, "expression", "not both"),
        ({"kind": "cron", "cron_hour": "25"}, "cron_hour", ""),
        ({"kind": "daily", "daily_time": "25:00"}, "daily_time", "00:00 to 23:59"),
        ({"kind": "daily"}, "daily_time", "required"),
        ({"kind": "weekly", "weekly_time": "01:00"}, "weekdays", "required"),
        ({"kind": "every", "every": "0", "unit": "hours"}, "every", "greater than or equal to 1"),
        ({"kind": "every", "every": "", "unit": "hours"}, "every", "required"),
        ({"kind": "once", "run_date": "tomorrow"}, "run_date", "such as 2026-03-29 01:30"),
        ({"kind": "monthly", "month_day": "32", "monthly_time": "01:00"}, "month_day", "valid choice"),
        ({"kind": "fortnightly"}, "kind", "valid choice"),
        ({"kind": "daily", "daily_time": "01:00", "timezone": "Europe/Lodnon"}, "timezone", "mean Europe/London?"),
        ({"kind": "daily", "daily_time": "01:00", **WINDOW, "end_date": "2020-01-01T00:00"}, "end_date", ""),
        ({"kind": "daily", "daily_time": "01:00", "jitter": "99999999"}, "jitter", ""),
        ({"kind": "daily", "daily_time": "01:00", "except_dates": "13-41"}, "except_dates", ""),
    ],
)
def test_an_error_stands_beside_the_field_that_caused_it(values: dict[str, Any], field: str, words: str) -> None:
    form = TimingForm(sent(**values))
    assert not form.is_valid()
    assert list(form.errors) == [field]
    assert words in form.errors[field][0]


def test_what_was_typed_under_another_kind_neither_counts_nor_gets_lost() -> None:
    form = TimingForm(sent(kind="cron", expression="0 1 * * *", every="abc", daily_time="99:99", run_date="soon"))
    assert form.is_valid(), form.errors
    assert form["every"].value() == "abc"


def test_combined_legs_become_one_trigger_and_unused_ones_are_left_out() -> None:
    kind, kwargs = trigger_of(
        legs(
            {"leg_kind": "cron", "pattern": "0 9 * * 1-5"},
            {"leg_kind": ""},
            {"leg_kind": "interval", "count": 2, "unit": "hours"},
            {"leg_kind": "date", "date": "2027-03-01T12:00"},
        )
    )
    assert kind == "or"
    assert [leg["trigger"] for leg in kwargs["triggers"]] == ["cron", "interval", "date"]


def test_an_error_of_a_leg_stands_at_that_leg_and_above_all_legs() -> None:
    form = TimingForm(
        legs(
            {"leg_kind": ""},
            {"leg_kind": "cron", "pattern": "0 9 * * *"},
            {"leg_kind": "cron", "pattern": "61 * * * *"},
        )
    )
    assert not form.is_valid()
    assert form.legs[2].errors["pattern"] == form.errors["combine_mode"]
    assert not form.legs[1].errors


def test_legs_that_never_meet_are_refused_with_the_leg_that_is_in_the_way() -> None:
    form = TimingForm(
        legs({"leg_kind": "cron", "pattern": "0 3 * * *"}, {"leg_kind": "cron", "pattern": "0 4 * * *"}, mode="and")
    )
    assert not form.is_valid()
    assert "Leg 2 never meets leg 1" in form.errors["combine_mode"][0]


@pytest.mark.parametrize("rows", [[], [{"leg_kind": "cron", "pattern": "0 3 * * *"}], [{"leg_kind": "cron"}] * 2])
def test_fewer_than_two_complete_legs_are_refused(rows: list[dict[str, Any]]) -> None:
    form = TimingForm(legs(*rows))
    assert not form.is_valid()
    assert "combine_mode" in form.errors


def test_a_combined_form_without_its_legs_is_refused_and_does_not_crash() -> None:
    assert not TimingForm(sent(kind="combine", combine_mode="or")).is_valid()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[1]", "as in the API"),
        ('{"trigger": 1}', "as in the API"),
        ('{"trigger": "cron", "trigger_kwargs": []}', "curly brackets"),
        ('{"trigger": "cron", "when": 1}', "when"),
        ("[" * 5000, "not JSON"),
        ("x" * 20_000, "longer"),
        ('{"trigger": "cron", "trigger_kwargs": {"expression": "0 25 * * *"}}', "no hour 25"),
        ('{"trigger": "lunar", "trigger_kwargs": {}}', "no such trigger"),
    ],
)
def test_bad_json_is_refused_with_what_is_wrong(text: str, words: str) -> None:
    form = TimingForm(sent(kind="combine", combine_mode="json", combine_json=text))
    assert not form.is_valid()
    assert words in form.errors["combine_json"][0]


def test_json_nests_legs_in_legs() -> None:
    inner = {"triggers": [{"trigger": "cron", "trigger_kwargs": {"expression": f"{m} * * * *"}} for m in (0, 30)]}
    outer = {
        "triggers": [
            {"trigger": "or", "trigger_kwargs": inner},
            {"trigger": "cron", "trigger_kwargs": {"expression": "*/30 * * * *"}},
        ]
    }
    text = json.dumps({"trigger": "and", "trigger_kwargs": outer})
    kind, kwargs = trigger_of(sent(kind="combine", combine_mode="json", combine_json=text))
    assert kind == "and"
    assert kwargs["triggers"][0]["trigger"] == "or"
    assert from_json(to_json(kind, kwargs)) == (kind, kwargs)


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "cron", "expression": "0 0 29 2 1"},
        {"kind": "cron", "expression": "59 23 31 12 *", "start_date": "9990-01-01T00:00:00"},
        {"kind": "cron", "expression": ",".join(["*/7"] * 120) + " * * * *"},
        {"kind": "every", "every": "1000000", "unit": "years"},
        {"kind": "every", "every": "1", "unit": "seconds", "start_date": "1970-01-01T00:00:00"},
        {"kind": "cron", "expression": "*" * 500},
        {"kind": "cron", "expression": "\0 \ud800 * *"},
        {"kind": "cron", "cron_day_of_week": "mon#9", "cron_year": "1970-2099/3"},
    ],
)
def test_no_input_makes_the_form_think_for_more_than_a_second(values: dict[str, Any]) -> None:
    from schedules.triggers import preview

    begun = time.thread_time()
    form = TimingForm(sent(**values))
    if form.is_valid():
        assert form.trigger is not None
        preview(form.trigger)
    assert time.thread_time() - begun < 1


def test_tags_are_words_between_commas_without_doubles() -> None:
    form = DetailsForm({"tags": " core, edge ,core,, "}, workflows=None)
    assert form.is_valid(), form.errors
    assert form.policies() == {
        "tags": ["core", "edge"],
        "overlap": "allow",
        "catch_up": "latest",
        "catch_up_limit": 10,
        "misfire_grace": 60,
    }
    assert not DetailsForm({"tags": "x" * 51}, workflows=None).is_valid()
    assert not DetailsForm({"tags": ",".join(str(n) for n in range(30))}, workflows=None).is_valid()


@pytest.mark.django_db
def test_policies_that_nobody_chose_are_the_same_on_the_page_by_the_api_and_in_code() -> None:
    form = DetailsForm({}, workflows=None)
    assert form.is_valid(), form.errors
    by_page = {name: value for name, value in form.policies().items() if name != "tags"}
    assert {name: DetailsForm(workflows=None)[name].value() for name in by_page} == by_page
    made = create_schedule(
        name="Hourly", workflow_name="task_sync_from", trigger="interval", trigger_kwargs={"hours": 1}, user=None
    )
    assert {name: getattr(made, name) for name in by_page} == by_page


def test_a_grace_set_elsewhere_is_kept() -> None:
    form = DetailsForm({"misfire_grace": "77"}, workflows=None, initial={"misfire_grace": 77})
    assert form.is_valid(), form.errors
    assert form.policies()["misfire_grace"] == 77
    assert not DetailsForm({"misfire_grace": "78"}, workflows=None, initial={"misfire_grace": 77}).is_valid()


def test_a_task_that_may_not_be_scheduled_is_no_choice() -> None:
    form = DetailsForm({"workflow_name": "task_b"}, workflows=[("task_a", "A")])
    assert "you may not schedule it" in form.errors["workflow_name"][0]
