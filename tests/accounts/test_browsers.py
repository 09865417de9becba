"""What browsers can be made to do: forged requests, redirects to elsewhere, sessions that outlive their reason."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from accounts import permissions
from accounts.models import Action, User, WorkflowGrant
from accounts.permissions import may
from tests.accounts.expectations import EXPECTED, expected
from tests.accounts.test_login import HOSTILE
from tests.accounts.world import World, writes
from tests.people import PASSWORD, grant, somebody
from tests.system import wait_until

pytestmark = pytest.mark.django_db
MORE = ["/\\/evil.example", "/%5c%5cevil.example", "/%09/evil.example", "http://[::1]@evil.example", "////evil.example"]


def test_no_page_changes_anything_for_a_request_without_its_csrf_token_not_even_for_htmx() -> None:
    world = World()
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(world.people["superuser"])
    wrong = []
    for text, rules in EXPECTED.items():
        if text.startswith("api/") or "POST" not in expected(rules) or text in {"health/", "metrics"}:
            continue
        for headers in ({}, {"HX-Request": "true"}, {"HX-Request": "true", "Origin": "https://evil.example"}):
            before = writes()
            answer = client.post(world.path(text), world.body(text, "POST"), headers=headers)
            if answer.status_code != 403 or writes() != before:
                wrong.append((text, headers, answer.status_code))
    assert not wrong


@pytest.mark.parametrize("target", [*HOSTILE, *MORE])
def test_no_page_redirects_to_elsewhere(client: Client, target: str) -> None:
    client.force_login(somebody("ada", "admin"))
    for path, field in (("/theme/", "next"), ("/schedules/bulk/", "next"), ("/processes/bulk/", "back"),
                        ("/accounts/logout/", "next"), ("/accounts/reauthenticate/", "next")):  # fmt: skip
        answer = client.post(path, {field: target, "theme": "dark", "password": PASSWORD})
        location = answer.get("Location", "/")
        assert re.match(r"/(?![/\\])[^\x00-\x20\\]*$", location), (path, location)
        client.force_login(User.objects.get(username="ada"))
    for path in (f"/accounts/login/?next={target}", f"/tasks?{target}", f"/{target}"):
        location = client.get(path).get("Location", "/")
        assert "evil.example" not in re.split(r"[?#]", location)[0] or location.startswith("/"), (path, location)
        assert not re.match(r"[/\\]{2}|https?:", location), (path, location)


def test_a_session_gets_a_new_key_when_somebody_logs_in() -> None:
    somebody("olga", "operator")
    client = Client()
    session: Any = client.session
    session["kept"] = True
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = planted
    client.post("/accounts/login/", {"login": "olga", "password": PASSWORD})
    assert client.cookies["sessionid"].value != planted
    attacker = Client()
    attacker.cookies["sessionid"] = planted
    assert attacker.get("/tasks/").status_code == 302


def test_a_new_password_or_a_closed_account_ends_every_session() -> None:
    olga = somebody("olga", "operator")
    admin = Client()
    admin.force_login(somebody("ada", "admin"))
    for change in ({"is_active": "on", "password": "another long password"}, {}):
        browser = Client()
        browser.force_login(User.objects.get(pk=olga.pk))
        assert browser.get("/tasks/").status_code == 200
        assert admin.post(f"/accounts/people/{olga.pk}/", {"username": "olga", **change}).status_code == 302
        assert browser.get("/tasks/").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_a_right_that_another_process_takes_away_is_gone_within_a_second() -> None:
    olga = somebody("olga", "operator")
    grant("counting", "operator", Action.START)
    assert may(User.objects.get(pk=olga.pk), Action.START, "counting")
    assert permissions._kept_grants is not None
    # As another process does it: without the signals of this one.
    WorkflowGrant.objects.all()._raw_delete("default")
    grant_of_others = WorkflowGrant(
        workflow_name="counting", group=somebody("nina", "netops").groups.get(), action="see"
    )
    WorkflowGrant.objects.bulk_create([grant_of_others])
    wait_until(lambda: not may(User.objects.get(pk=olga.pk), Action.START, "counting"))
    assert not may(olga, Action.START, "counting")


HOSTILE_TEXT = "<script>window.executed=1</script><img src=x onerror=window.executed=1>"


def test_names_of_people_groups_tokens_browsers_and_reasons_are_shown_as_text(client: Client) -> None:
    ada = somebody("ada", "admin", first_name=HOSTILE_TEXT, last_name=HOSTILE_TEXT)
    somebody(HOSTILE_TEXT[:100], HOSTILE_TEXT)
    client.post("/accounts/login/", {"login": "ada", "password": PASSWORD}, headers={"User-Agent": HOSTILE_TEXT})
    client.post("/accounts/tokens/", {"name": HOSTILE_TEXT})
    client.post("/system/lock/", {"lock": "on", "reason": HOSTILE_TEXT})
    grant("counting", HOSTILE_TEXT, Action.SEE)
    shown = ""
    for path in ("tokens/", "sessions/", "people/", f"people/{ada.pk}/", "grants/", "grants/counting/"):
        shown += client.get(f"/accounts/{path}").content.decode()
    for path in ("/", "/system/", "/tasks/", f"/search/?q={HOSTILE_TEXT}", f"/processes/?text={HOSTILE_TEXT}"):
        shown += client.get(path).content.decode()
    assert "&lt;script&gt;window.executed" in shown
    assert "<script>window" not in shown
    assert "<img src=x" not in shown
