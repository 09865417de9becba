"""What the service refuses after the form had nothing to say: each complaint stands beside what caused it."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from accounts.models import User
from schedules.exceptions import InvalidSchedule
from schedules.forms import ScheduleForms
from tests.schedules.pages import CRON
from tests.schedules.test_forms import sent

pytestmark = pytest.mark.django_db


def answered(task: str) -> QueryDict:
    pages = {
        "inputs-0-shown": "1", "inputs-0-site": "ams", "inputs-0-password": "canary-1204",
        "inputs-1-shown": "1", "inputs-1-router": "ams-core-01",
    }  # fmt: skip
    return sent(**{**CRON, "workflow_name": task, **pages})


@pytest.fixture
def forms(planner: User, pages_task: str) -> ScheduleForms:
    """The form of a new schedule, sent and found right."""
    found = ScheduleForms(answered(pages_task), user=planner, workflows=[(pages_task, "With pages")])
    assert found.is_valid(), found.problems()
    return found


@pytest.mark.parametrize(
    ("path", "at"),
    [
        ("name", "id_name"),
        ("misfire_grace", "id_misfire_grace"),
        ("timezone", "id_timezone"),
        ("trigger_kwargs.expression", "id_expression"),
        ("user_inputs.0.site", "id_inputs-0-site"),
        ("user_inputs.1.router", "id_inputs-1-router"),
        ("user_inputs.1", ""),  # the page as a whole
        ("user_inputs.7.site", ""),  # there is no such page
        ("owner", ""),  # nothing that the form asks for
    ],
)
def test_a_refusal_stands_beside_its_field(forms: ScheduleForms, path: str, at: str) -> None:
    forms.refuse(InvalidSchedule({path: ["Not this one."]}))
    assert [(place, message) for place, _label, message in forms.problems()] == [(at, "Not this one.")]


def test_several_refusals_are_all_told(forms: ScheduleForms) -> None:
    forms.refuse(InvalidSchedule({"trigger_kwargs": ["Never due."], "user_inputs.0.site": ["Gone."], "x": ["And y."]}))
    assert {message for _id, _label, message in forms.problems()} == {"Never due.", "Gone.", "And y."}


def test_a_new_schedule_has_no_changes(forms: ScheduleForms) -> None:
    with pytest.raises(ValueError, match="new schedule"):
        forms.changes()
