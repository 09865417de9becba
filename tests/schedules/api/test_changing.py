"""`PATCH /api/schedules/<id>/`, its ETag, and its history."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from schedules.models import Schedule
from tests.people import Api
from tests.schedules.api.bodies import BODY

pytestmark = pytest.mark.django_db


def test_a_change_takes_effect_and_leaves_the_rest(api: Api, schedule: Any) -> None:
    answer = api.patch(f"/api/schedules/{schedule['id']}/", {"name": "Weekly", "tags": ["core"]})
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["name"], shown["tags"]) == ("Weekly", ["core"])
    assert shown["trigger_kwargs"] == schedule["trigger_kwargs"]
    assert shown["next_run_at"] == schedule["next_run_at"]
    moved = api.patch(f"/api/schedules/{schedule['id']}/", {"trigger": "interval", "trigger_kwargs": {"minutes": 1}})
    assert moved.json()["next_run_at"] != schedule["next_run_at"]


def test_a_wrong_change_changes_nothing(api: Api, schedule: Any) -> None:
    answer = api.patch(f"/api/schedules/{schedule['id']}/", {"name": "Weekly", "trigger_kwargs": {"expression": "x"}})
    assert answer.status_code == 400
    assert Schedule.objects.get(pk=schedule["id"]).name == "Nightly"


def test_a_lost_update_is_refused(api: Api, schedule: Any) -> None:
    address = f"/api/schedules/{schedule['id']}/"
    tag = api.get(address)["ETag"]
    assert api.patch(address, {"name": "Mine"}, If_Match=tag).status_code == 200
    answer = api.patch(address, {"name": "Theirs"}, If_Match=tag)
    assert answer.status_code == 412
    assert api.delete(address, If_Match=tag).status_code == 412
    assert Schedule.objects.get(pk=schedule["id"]).name == "Mine"
    assert api.patch(address, {"name": "Theirs"}, If_Match=api.get(address)["ETag"]).status_code == 200
    assert api.patch(address, {"name": "Any"}, If_Match="*").status_code == 200


def test_a_tag_is_taken_as_it_came_also_when_compression_made_it_weak(api: Api, schedule: Any) -> None:
    address = f"/api/schedules/{schedule['id']}/"
    answer = api.client.get(address, headers={"Accept-Encoding": "gzip"})
    assert (answer["Content-Encoding"], answer["ETag"][:2]) == ("gzip", "W/")
    assert api.patch(address, {"name": "Mine"}, If_Match=answer["ETag"]).status_code == 200
    assert api.patch(address, {"name": "Late"}, If_Match=answer["ETag"]).status_code == 412


def test_a_pause_makes_an_older_tag_stale(api: Api, schedule: Any) -> None:
    address = f"/api/schedules/{schedule['id']}/"
    tag = api.get(address)["ETag"]
    api.post(f"{address}pause/", {"reason": "Maintenance"})
    assert api.patch(address, {"name": "Late"}, If_Match=tag).status_code == 412


def test_what_did_not_change_is_not_sent_again(api: Api, schedule: Any) -> None:
    address = f"/api/schedules/{schedule['id']}/"
    tag = api.get(address)["ETag"]
    assert api.send("get", address, None, If_None_Match=tag).status_code == 304


def test_an_earlier_state_is_brought_back(api: Api, schedule: Any) -> None:
    address = f"/api/schedules/{schedule['id']}/"
    first = api.get(f"{address}history/").json()["results"][0]
    assert (first["kind"], first["who"]) == ("insert", "sven")
    body = {"name": "Hourly", "trigger": "interval", "trigger_kwargs": {"hours": 1}, "tags": ["core"]}
    api.patch(address, body)
    api.post(f"{address}pause/")
    reverted = api.post(f"{address}revert/", {"event_id": first["event_id"]})
    assert reverted.status_code == 200, reverted.content
    shown = reverted.json()
    for field in ("name", "trigger", "trigger_kwargs", "time_zone", "tags"):
        assert shown[field] == schedule[field], field
    assert shown["enabled"] is False
    latest = api.get(f"{address}history/").json()["results"][0]
    assert {each["field"]: each["after"] for each in latest["differences"]}["name"] == "Nightly"


def test_an_entry_of_another_schedule_brings_nothing_back(api: Api, schedule: Any) -> None:
    other = api.post("/api/schedules/", {**BODY, "name": "Other"}).json()
    event = api.get(f"/api/schedules/{other['id']}/history/").json()["results"][0]["event_id"]
    assert api.post(f"/api/schedules/{schedule['id']}/revert/", {"event_id": event}).status_code == 404
    assert api.post(f"/api/schedules/{schedule['id']}/revert/", {"event_id": 2**70}).status_code == 400


def test_one_click_on_the_page_brings_it_back(api: Api, schedule: Any) -> None:
    api.patch(f"/api/schedules/{schedule['id']}/", {"name": "Hourly"})
    page = Client()
    page.force_login(api.user)
    text = page.get(f"/schedules/{schedule['id']}/").content.decode()
    assert "Bring back" in text
    event = text.split('name="event" value="')[1].split('"')[0]
    answer = page.post(f"/schedules/{schedule['id']}/revert/", {"event": event})
    assert answer.status_code == 302
    assert Schedule.objects.get(pk=schedule["id"]).name == "Nightly"
    assert page.post(f"/schedules/{schedule['id']}/revert/", {"event": "x"}).status_code == 404
