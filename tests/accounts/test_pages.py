"""Pages about oneself and, for admins, about others; Django's admin."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts.models import Action, User, WorkflowGrant
from accounts.permissions import may
from tests.people import PASSWORD, grant, somebody

pytestmark = pytest.mark.django_db


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def log_in(client: Client, name: str) -> Any:
    return client.post("/accounts/login/", {"login": name, "password": PASSWORD})


# Oneself


def test_one_sees_ones_sessions_and_ends_another_one() -> None:
    somebody("olga")
    here, there = Client(), Client()
    log_in(here, "olga")
    log_in(there, "olga")
    assert UserSession.objects.count() == 2
    text = here.get("/accounts/sessions/").content.decode()
    assert text.count("This one") == 1
    other = UserSession.objects.exclude(session_key=here.session.session_key).get()
    assert here.post(f"/accounts/sessions/{other.pk}/end/").status_code == 302
    assert there.get("/accounts/tokens/").status_code == 302
    assert here.get("/accounts/tokens/").status_code == 200


def test_nobody_ends_the_session_of_another() -> None:
    somebody("olga")
    victim = Client()
    log_in(victim, "olga")
    attacker = browser(somebody("eve", "admin"))
    assert (
        attacker.post(f"/accounts/sessions/{UserSession.objects.get(user__username='olga').pk}/end/").status_code == 404
    )
    assert victim.get("/accounts/tokens/").status_code == 200


def test_a_changed_password_ends_the_other_sessions() -> None:
    somebody("olga")
    here, there = Client(), Client()
    log_in(here, "olga")
    log_in(there, "olga")
    form = {"oldpassword": PASSWORD, "password1": "another horse battery", "password2": "another horse battery"}
    assert here.post("/accounts/password/change/", form).status_code == 302
    assert there.get("/accounts/tokens/").status_code == 302


def test_a_one_time_code_is_asked_for_once_it_is_set_up() -> None:
    user = somebody("olga")
    client = Client()
    log_in(client, "olga")
    assert client.get("/accounts/2fa/totp/activate/")["Location"].startswith("/accounts/reauthenticate/")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get("/accounts/2fa/totp/activate/")
    assert page.status_code == 200
    secret = page.context["form"].secret
    with time_machine.travel(timezone.now(), tick=False):  # a code is good for the rest of its half minute only
        counter = next(iter(yield_hotp_counters_from_time()))
        code = format_hotp_value(hotp_value(secret, counter))
        assert client.post("/accounts/2fa/totp/activate/", {"code": code}).status_code == 302
    assert Authenticator.objects.filter(user=user, type="totp").exists()
    client.post("/accounts/logout/")
    assert log_in(client, "olga")["Location"] == "/accounts/2fa/authenticate/"
    assert client.get("/accounts/tokens/").status_code == 302
    wrong = client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert wrong.status_code == 200
    assert client.get("/accounts/tokens/").status_code == 302


OWN_PAGES = ["/accounts/tokens/", "/accounts/sessions/", "/accounts/2fa/", "/accounts/password/change/",
             "/accounts/logout/", "/accounts/reauthenticate/", "/accounts/3rdparty/"]  # fmt: skip


@pytest.mark.parametrize("path", OWN_PAGES)
def test_the_pages_about_oneself_open_in_our_frame(path: str) -> None:
    client = Client()
    somebody("olga")
    log_in(client, "olga")
    page = client.get(path)
    assert page.status_code == 200
    assert 'id="main"' in page.content.decode()
    assert "Log in" not in page.content.decode()


@pytest.mark.parametrize(
    "path", ["password/reset/", "email/", "confirm-email/", "confirm-email/x/", "login/code/confirm/"]
)
def test_what_administrators_do_is_not_offered(path: str) -> None:
    assert Client().get(f"/accounts/{path}").status_code == 404


@pytest.mark.parametrize("path", ["logout/", "tokens/", "sessions/", "people/new/", "groups/new/", "password/change/"])
def test_nothing_changes_without_the_csrf_token(path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(somebody("ada", "admin"))
    assert client.post(f"/accounts/{path}").status_code == 403


def test_logging_out_takes_a_post() -> None:
    client = browser(somebody("olga"))
    client.get("/accounts/logout/")
    assert client.get("/accounts/tokens/").status_code == 200
    client.post("/accounts/logout/")
    assert client.get("/accounts/tokens/").status_code == 302


# Others


ADMIN_PAGES = ["/accounts/people/", "/accounts/people/new/", "/accounts/grants/", "/accounts/grants/task_sync_from/"]


@pytest.mark.parametrize("path", ADMIN_PAGES)
def test_only_admins_see_the_pages_about_others(path: str) -> None:
    assert browser(somebody("ada", "admin")).get(path).status_code == 200
    assert browser(somebody("sven", "scheduler")).get(path).status_code == 403
    assert Client().get(path).status_code == 302


def test_an_admin_makes_an_account_and_changes_its_roles() -> None:
    ada = browser(somebody("ada", "admin"))
    role = Group.objects.get(name="operator")
    form = {"username": "nina", "is_active": "on", "groups": [role.pk], "password": PASSWORD}
    assert ada.post("/accounts/people/new/", form).status_code == 302
    nina = User.objects.get(username="nina")
    assert may(nina, Action.START, "sync")
    ada.post(f"/accounts/people/{nina.pk}/", {"username": "nina", "groups": []})
    nina.refresh_from_db()
    assert not nina.is_active
    assert not nina.groups.exists()
    assert nina.check_password(PASSWORD)


def test_a_weak_password_is_refused() -> None:
    ada = browser(somebody("ada", "admin"))
    answer = ada.post("/accounts/people/new/", {"username": "nina", "is_active": "on", "password": "password1234"})
    assert answer.status_code == 422
    assert not User.objects.filter(username="nina").exists()


def test_an_admin_cannot_become_or_touch_a_superuser() -> None:
    root = User.objects.create_superuser("root", password=PASSWORD)
    admin = somebody("ada", "admin")
    ada = browser(admin)
    assert ada.get(f"/accounts/people/{root.pk}/").status_code == 403
    assert ada.post(f"/accounts/people/{root.pk}/", {"username": "root", "password": "x" * 20}).status_code == 403
    form = {"username": "ada", "is_active": "on", "is_superuser": "on", "is_staff": "on", "groups": [_pk("admin")]}
    ada.post(f"/accounts/people/{admin.pk}/", form)
    admin.refresh_from_db()
    assert not admin.is_superuser
    assert not admin.is_staff


def _pk(name: str) -> int:
    return int(Group.objects.get(name=name).pk)


def test_grants_are_ticked_and_in_force_at_once() -> None:
    netops = Group.objects.create(name="netops")
    ada = browser(somebody("ada", "admin"))
    olga, nina = somebody("olga", "operator"), somebody("nina", "netops")
    address = "/accounts/grants/task_sync_from/"
    ada.post(address, {f"group_{netops.pk}": ["start", "retry"]})
    assert not may(olga, Action.SEE, "task_sync_from")
    assert may(nina, Action.START, "task_sync_from")
    ada.post(address, {f"group_{netops.pk}": ["see"]})
    assert not may(nina, Action.START, "task_sync_from")
    ada.post(address, {})
    assert not WorkflowGrant.objects.exists()
    assert may(olga, Action.START, "task_sync_from")
    assert ada.get("/accounts/grants/nothing/").status_code == 404


def test_groups_are_made_and_deleted_but_roles_stay() -> None:
    ada = browser(somebody("ada", "admin"))
    ada.post("/accounts/groups/new/", {"name": "netops"})
    group = Group.objects.get(name="netops")
    assert ada.post(f"/accounts/groups/{group.pk}/delete/").status_code == 302
    assert not Group.objects.filter(name="netops").exists()
    assert ada.post(f"/accounts/groups/{_pk('viewer')}/delete/").status_code == 403
    assert Group.objects.filter(name="viewer").exists()


def test_a_group_that_alone_keeps_a_workflow_from_others_is_not_deleted() -> None:
    ada = browser(somebody("ada", "admin"))
    grant("task_sync_from", "netops", Action.SEE)
    group = Group.objects.get(name="netops")
    address = f"/accounts/groups/{group.pk}/delete/"
    said = ada.post(address, follow=True).content.decode()
    assert "Only netops has grants of task_sync_from" in said
    assert not may(somebody("olga", "operator"), Action.SEE, "task_sync_from")
    grant("task_sync_from", "core", Action.SEE)
    assert "are deleted" in ada.post(address, follow=True).content.decode()
    assert not Group.objects.filter(name="netops").exists()


# Django's admin


def test_djangos_admin_is_for_superusers_only() -> None:
    root = browser(User.objects.create_superuser("root"))
    assert root.get("/admin/").status_code == 200
    assert root.get("/admin/accounts/user/").status_code == 200
    for user in (somebody("ada", "admin", is_staff=True), somebody("vera", "viewer")):
        for path in ("/admin/", "/admin/accounts/user/", "/admin/login/"):
            assert browser(user).get(path, follow=True).status_code == 403


def test_djangos_admin_has_no_login_of_its_own() -> None:
    User.objects.create_superuser("root", password=PASSWORD)
    client = Client()
    answer = client.post("/admin/login/", {"username": "root", "password": PASSWORD})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    "path",
    ["django_apscheduler/djangojob/", "procrastinate/procrastinatejob/", "knox/authtoken/", "accounts/authtoken/"],
)
def test_djangos_admin_does_not_touch_jobs_and_tokens(path: str) -> None:
    assert browser(User.objects.create_superuser("root")).get(f"/admin/{path}").status_code == 404
