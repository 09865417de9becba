"""Somebody of each rank, and something at each address: see `test_every_address.py`."""

from __future__ import annotations

import json
import re
from typing import Any

from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test import Client

from accounts.audit import changes_of
from accounts.models import Action, User
from accounts.tokens import create_token
from schedules.models import Schedule
from schedules.services import create_schedule, edit_schedule
from tasks import services
from tasks.models import Product, Subscription
from tests.accounts.expectations import RANKS
from tests.people import PASSWORD, grant, somebody

SCHEDULE = {"name": "n", "workflow_name": "counting", "trigger": "cron", "trigger_kwargs": {"expression": "0 1 * * *"}}
OF_THE_SESSION = {"django_session", "usersessions_usersession", "orchestrator_cache", "accounts_rate"}


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
            "api/tokens/": {"name": "x"},
            "api/people/": {"username": "new"},
            "api/people/<int:pk>/": {"first_name": "x"},
            "api/groups/": {"name": "new"},
            "api/grants/<str:name>/": {"grants": [{"group": "viewer", "actions": ["see"]}]},
            "api/schedules/outage/": {"start": "latest", "schedule_ids": [str(self.schedule)]},
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
