"""Every address that the application answers, with every method, for everybody: who gets in is stated here.

An address that is in the resolver and not in `EXPECTED` fails, and so does an expectation without an address. What is
asked for belongs to a workflow without grants, so that the roles decide; `foreign` is in a group with grants on
another one only. Nothing is believed of the status alone: who is refused writes nothing to the database, nobody
writes by GET, and where a mark says so, who is let in does write.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, get_resolver

from accounts.audit import changes_of
from accounts.models import Action, User
from accounts.tokens import create_token
from schedules.models import Schedule
from schedules.services import create_schedule, edit_schedule
from tasks import services
from tasks.models import Product, Subscription
from tests.people import PASSWORD, grant, somebody

pytestmark = pytest.mark.django_db
RANKS = ("anonymous", "foreign", "viewer", "operator", "scheduler", "admin", "superuser")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

# The least who gets in, by method; a method that is not named is refused to everybody. `foreign` is whoever is logged
# in: what they get holds nothing that they may not see. `!`: who gets in changes something.
EXPECTED: dict[str, str] = {
    # Pages
    "": "GET foreign",
    "seen/": "POST foreign",
    "search/": "GET foreign",
    "theme/": "POST anonymous",
    "events/": "GET foreign",
    "system/": "GET foreign",
    "system/design/": "GET foreign",
    "system/lock/": "POST admin!",
    "tasks/": "GET foreign",
    "tasks/<str:name>/": "GET viewer, POST operator!",
    "tasks/<str:name>/run/": "POST operator!",
    "processes/": "GET foreign",
    "processes/bulk/": "POST operator!",
    "processes/export/": "GET foreign",
    "processes/<uuid:process_id>/": "GET viewer",
    "processes/<uuid:process_id>/resume/": "POST operator",
    "processes/<uuid:process_id>/note/": "POST operator!",
    "processes/<uuid:process_id>/<slug:action>/": "POST operator!",
    "workflows/": "GET foreign",
    "workflows/<str:name>/": "GET viewer",
    "products/": "GET foreign",
    "products/<uuid:pk>/": "GET foreign",
    "subscriptions/": "GET foreign",
    "subscriptions/<uuid:pk>/": "GET foreign",
    "schedules/": "GET foreign",
    "schedules/bulk/": "POST scheduler!",
    "schedules/new/": "GET foreign, POST scheduler",
    "schedules/preview/": "POST foreign",
    "schedules/week/": "GET foreign",
    "schedules/outage/": "GET foreign, POST operator",
    "schedules/<uuid:pk>/": "GET viewer",
    "schedules/<uuid:pk>/edit/": "GET viewer, POST scheduler",
    "schedules/<uuid:pk>/delete/": "GET viewer, POST scheduler!",
    "schedules/<uuid:pk>/pause/": "GET viewer, POST scheduler!",
    "schedules/<uuid:pk>/resume/": "POST scheduler",
    "schedules/<uuid:pk>/skip/": "POST scheduler!",
    "schedules/<uuid:pk>/run/": "POST operator!",
    "schedules/<uuid:pk>/restore/": "POST scheduler",
    "schedules/<uuid:pk>/own/": "POST scheduler!",
    "schedules/<uuid:pk>/revert/": "POST scheduler!",
    # API
    "api/": "GET anonymous",
    "api/schema/": "GET anonymous",
    "api/docs/": "GET anonymous",
    "api/status/": "GET foreign, PUT admin!",
    "api/tasks/": "GET foreign",
    "api/tasks/<str:name>/": "GET viewer",
    "api/tasks/<str:name>/form/": "POST viewer",
    "api/workflows/": "GET foreign",
    "api/workflows/<str:name>/": "GET viewer",
    "api/workflows/<str:name>/form/": "POST viewer",
    "api/processes/": "GET foreign, POST operator!",
    "api/processes/bulk/": "POST operator!",
    "api/processes/<uuid:process_id>/": "GET viewer, PATCH operator!, DELETE admin",
    "api/processes/<uuid:process_id>/logs/": "GET viewer",
    "api/processes/<uuid:process_id>/resume/": "POST operator",
    "api/processes/<uuid:process_id>/retry/": "POST operator",
    "api/processes/<uuid:process_id>/abort/": "POST operator!",
    "api/processes/<uuid:process_id>/start-again/": "POST operator!",
    # The token in the address lets in; the one here is wrong.
    "api/processes/<uuid:process_id>/callback/<str:token>/": "",
    "api/processes/<uuid:process_id>/callback/<str:token>/progress/": "",
    "api/schedules/": "GET foreign, POST scheduler!",
    "api/schedules/preview/": "POST foreign",
    "api/schedules/bulk/": "POST scheduler!",
    "api/schedules/<uuid:pk>/": "GET viewer, PATCH scheduler!, DELETE scheduler!",
    "api/schedules/<uuid:pk>/occurrences/": "GET viewer",
    "api/schedules/<uuid:pk>/pause/": "POST scheduler!",
    "api/schedules/<uuid:pk>/resume/": "POST scheduler",
    "api/schedules/<uuid:pk>/run/": "POST operator!",
    "api/schedules/<uuid:pk>/skip-next/": "POST scheduler!",
    "api/schedules/<uuid:pk>/take-ownership/": "POST scheduler",
    "api/schedules/<uuid:pk>/history/": "GET viewer",
    "api/schedules/<uuid:pk>/revert/": "POST scheduler!",
    # Machines that watch us
    "health/": "ANY anonymous",
    "metrics": "ANY anonymous",
    # People
    "accounts/tokens/": "GET foreign, POST foreign!",
    "accounts/tokens/<uuid:token_id>/revoke/": "POST foreign",
    "accounts/sessions/<int:pk>/end/": "",  # this one is another's
    "accounts/people/": "GET admin",
    "accounts/people/new/": "GET admin, POST admin!",
    "accounts/people/<int:pk>/": "GET admin, POST admin!",
    "accounts/groups/new/": "POST admin!",
    "accounts/groups/<int:pk>/delete/": "POST admin!",
    "accounts/grants/": "GET admin",
    "accounts/grants/<str:name>/": "GET admin, POST admin!",
    r"accounts/^(?:password/reset|email|confirm-email|login/code)(?:/|$)": "",
    # django-allauth's, and of those closed above
    "accounts/login/": "GET anonymous, POST anonymous",
    "accounts/logout/": "GET anonymous, POST anonymous",
    "accounts/inactive/": "GET anonymous",
    "accounts/signup/": "ANY anonymous",  # says that it is closed
    "accounts/reauthenticate/": "GET foreign, POST foreign",
    "accounts/email/": "",
    "accounts/confirm-email/": "",
    "accounts/password/change/": "GET foreign, POST foreign",
    "accounts/password/set/": "GET foreign, POST foreign",
    "accounts/password/reset/": "",
    "accounts/login/code/confirm/": "",
    r"accounts/^confirm-email/(?P<key>[-:\w]+)/$": "",
    "accounts/password/reset/key/done/": "",
    r"accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "",
    "accounts/password/reset/done/": "",
    "accounts/2fa/": "GET foreign",
    "accounts/2fa/authenticate/": "GET foreign, POST foreign",
    "accounts/2fa/reauthenticate/": "GET foreign, POST foreign",
    "accounts/2fa/totp/activate/": "GET foreign, POST foreign",
    "accounts/2fa/totp/deactivate/": "",  # there is none to end
    "accounts/2fa/recovery-codes/": "",
    "accounts/2fa/recovery-codes/generate/": "GET foreign, POST foreign",
    "accounts/2fa/recovery-codes/download/": "",
    "accounts/3rdparty/login/cancelled/": "GET anonymous",
    "accounts/3rdparty/login/error/": "",
    "accounts/3rdparty/signup/": "",
    "accounts/3rdparty/": "GET foreign, POST foreign",
    "accounts/social/login/cancelled/": "ANY anonymous",
    "accounts/social/login/error/": "ANY anonymous",
    "accounts/social/signup/": "ANY anonymous",
    "accounts/social/connections/": "ANY anonymous",
    r"accounts/oidc/^(?P<provider_id>[^/]+)/login/": "",  # none is configured
    r"accounts/oidc/^(?P<provider_id>[^/]+)/login/callback/": "",
    "accounts/sessions/": "GET foreign, POST foreign",
}
SCHEDULE = {"name": "n", "workflow_name": "counting", "trigger": "cron", "trigger_kwargs": {"expression": "0 1 * * *"}}
# Views of django-allauth: they take PUT as POST, and describe themselves by OPTIONS.
ALLAUTH = {"login", "logout", "inactive", "signup", "reauthenticate", "password", "2fa", "3rdparty", "sessions"}
STRICT = "default-src 'none'"
OF_THE_SESSION = {"django_session", "usersessions_usersession", "orchestrator_cache", "accounts_rate"}


def addresses(patterns: Any = None, before: str = "") -> Iterator[str]:
    """Yield every pattern of the resolver, as it is written."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        text = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield text
        else:
            yield from addresses(pattern.url_patterns, text)


def test_every_address_has_an_expectation_and_every_expectation_an_address() -> None:
    known = {text for text in addresses() if not text.startswith("admin/")}
    assert known - EXPECTED.keys() == set()
    assert EXPECTED.keys() - known == set()


class World:
    """Somebody of each rank, and something at each address."""

    def __init__(self) -> None:
        grant("succeeding", "netops", Action.SCHEDULE)
        self.people = {role: somebody(role, role) for role in ("viewer", "operator", "scheduler", "admin")}
        self.people["foreign"] = somebody("foreign", "netops")
        self.people["superuser"] = User.objects.create_superuser("superuser", password=PASSWORD)
        self.victim = somebody("victim")
        self.group = Group.objects.create(name="passing")
        self.process = services.start_process("counting", [], self.people["scheduler"])
        self.schedule = create_schedule(user=self.people["scheduler"], **SCHEDULE).pk
        self.event = changes_of(Schedule.objects.get())[0].event_id
        edit_schedule(self.schedule, {"name": "edited"}, user=self.people["scheduler"])
        self.token = create_token(self.victim)[0].token_id
        self.product = Product.objects.create(name="Node")
        self.subscription = Subscription.objects.create(product=self.product)
        self.clients = {rank: self._client(rank) for rank in RANKS}

    def _client(self, rank: str) -> Client:
        client = Client(raise_request_exception=False)
        if rank != "anonymous":
            client.force_login(self.people[rank])
        return client

    def path(self, text: str) -> str:
        """Return an address that the pattern matches."""
        values = {"name": "counting", "process_id": self.process, "pk": self.schedule, "token_id": self.token,
                  "token": "wrong", "action": "abort", "key": "x", "uidb36": "1", "provider_id": "sso"}  # fmt: skip
        if "people/" in text or "/sessions/" in text:
            values["pk"] = self.victim.pk
        elif "groups/" in text:
            values["pk"] = self.group.pk
        elif "products/" in text:
            values["pk"] = self.product.pk
        elif "subscriptions/" in text:
            values["pk"] = self.subscription.pk
        text = re.sub(r"\(\?:password.*", "email/", text)
        text = re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", text).replace("^", "").replace("$", "")
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values[match[1]]), text)

    def body(self, text: str, method: str) -> Any:
        """Return what would be done if it were allowed."""
        viewer = Group.objects.get(name="viewer").pk
        bodies: dict[str, Any] = {
            "system/lock/": {"lock": "on", "reason": "x"},
            "processes/bulk/": {"action": "abort", "selected": str(self.process)},
            "processes/<uuid:process_id>/note/": {"note": "x"},
            "schedules/bulk/": {"action": "pause", "selected": str(self.schedule)},
            "accounts/tokens/": {"name": "x"},
            "accounts/people/new/": {"username": "new", "is_active": "on"},
            "accounts/people/<int:pk>/": {"username": "victim", "is_active": "on", "groups": viewer},
            "accounts/groups/new/": {"name": "new"},
            "accounts/grants/<str:name>/": {f"group_{viewer}": "see"},
            "api/status/": {"global_lock": True},
            "api/processes/": {"workflow_name": "counting"},
            "api/processes/bulk/": {"action": "abort", "process_ids": [str(self.process)]},
            "api/processes/<uuid:process_id>/": {"note": "x"},
            "schedules/<uuid:pk>/revert/": {"event": self.event},
            "api/schedules/<uuid:pk>/revert/": {"event_id": self.event},
            "api/schedules/": SCHEDULE,
            "api/schedules/preview/": {"trigger": "cron", "trigger_kwargs": {"expression": "0 1 * * *"}},
            "api/schedules/bulk/": {"action": "pause", "schedule_ids": [str(self.schedule)]},
            "api/schedules/<uuid:pk>/": {"name": "x"},
        }
        return bodies.get(text, {})

    def ask(self, rank: str, method: str, text: str) -> tuple[Any, set[str]]:
        """Send a request, undo what it did, and return the answer and the tables that were written."""
        given, as_json = self.body(text, method), text.startswith("api/")
        client = self.clients[rank]
        savepoint, before = transaction.savepoint(), writes()
        if method in {"GET", "OPTIONS"}:
            answer = client.generic(method, self.path(text))
        elif as_json:
            answer = client.generic(method, self.path(text), json.dumps(given), content_type="application/json")
        else:
            answer = client.post(self.path(text), given) if method == "POST" else client.generic(
                method, self.path(text), "a=1", content_type="application/x-www-form-urlencoded"
            )  # fmt: skip
        written = {table for table, number in writes().items() if number != before.get(table, 0)}
        transaction.savepoint_rollback(savepoint)
        if written & {"django_session"}:
            self.clients[rank] = self._client(rank)
        return answer, written - OF_THE_SESSION


def writes() -> dict[str, int]:
    """Return how many rows of each table this transaction has written so far, by whatever way."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables")
        return dict(cursor.fetchall())


def let_in(answer: Any) -> bool:
    to_login = answer.status_code == 302 and answer["Location"].startswith(("/accounts/login/", "/admin/login/"))
    return not to_login and answer.status_code not in {401, 403, 404, 405}


def expected(rules: str) -> dict[str, tuple[str, bool]]:
    """Read `GET viewer, POST operator!`."""
    found = {}
    for rule in filter(None, rules.split(", ")):
        method, least = rule.split(" ")
        for each in METHODS if method == "ANY" else [method]:
            found[each] = (least.rstrip("!"), least.endswith("!"))
    return found


def faults(world: World, text: str, rules: dict[str, tuple[str, bool]]) -> Iterator[str]:
    """Ask for one address in every way, and yield what should not be."""
    lenient = text.startswith("accounts/") and not ALLAUTH.isdisjoint(text.split("/"))
    for method in METHODS:
        least, changes = rules.get(method, ("nobody", False))
        # A method that is not served, and pages that know no roles, need no more than the two ends of the scale.
        for rank in RANKS if method in rules and not lenient else ("anonymous", "superuser"):
            answer, written = world.ask(rank, method, text)
            said = f"{method} /{text} as {rank}: {answer.status_code}, written {written or 'nothing'}"
            allowed = least in RANKS and RANKS.index(rank) >= RANKS.index(least)
            if STRICT not in answer.get("Content-Security-Policy", ""):
                yield f"{said}, expected a strict content security policy"
            if answer.status_code >= 500 or (method == "GET" and written) or (not allowed and written):
                yield said
            elif allowed and not let_in(answer) and not (lenient and rank == "superuser"):
                yield f"{said}, expected to be let in"
            elif allowed and changes and not written:
                yield f"{said}, expected to change something"
            elif not allowed and method in {"GET", "HEAD"} and let_in(answer):
                yield f"{said}, expected to be refused"
            elif method not in rules and not lenient and let_in(answer):
                yield f"{said}, expected to be refused to everybody"
            elif rank == "anonymous" and not allowed and not lenient and let_in(answer):
                yield f"{said}, expected to be sent away"


@pytest.mark.parametrize("group", ["pages", "api", "accounts"])
def test_everybody_gets_in_where_it_says_so_and_nowhere_else(group: str) -> None:
    world = World()
    found: list[str] = []
    for text, rules in EXPECTED.items():
        if group == (text.split("/")[0] if text.startswith(("api/", "accounts/")) else "pages"):
            found += faults(world, text, expected(rules))
    assert not found, "\n".join(found)


def test_djangos_admin_lets_in_superusers_and_nobody_else() -> None:
    world = World()
    found = []
    for text in addresses():
        if not text.startswith("admin/") or text == "admin/logout/":
            continue
        path = "/" + re.sub(r"\(\?P<app_label>.*", "auth/", text.replace("^", "").replace("(?P<url>.*)$", "nothing"))
        path = re.sub(r"<(?:\w+:)?\w+>", str(world.victim.pk), path)
        for rank, method in (("anonymous", "GET"), ("admin", "GET"), ("admin", "POST")):
            answer = world.clients[rank].generic(method, path)
            if let_in(answer) or answer.status_code >= 500:
                found.append(f"{method} {path} as {rank}: {answer.status_code}")
    assert not found, "\n".join(found)
    assert world.clients["superuser"].get("/admin/").status_code == 200
