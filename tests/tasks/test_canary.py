"""A secret that was typed into a form is found nowhere afterwards: database, pages, API, live events, output, logs."""

from __future__ import annotations

import json
import threading
import urllib.request
from typing import TYPE_CHECKING, Any

from django.conf import settings
from psycopg import sql

from accounts.models import User
from accounts.tokens import create_token
from schedules.services import create_schedule, edit_schedule
from tasks.models import Process
from tests.databases import connect

if TYPE_CHECKING:
    from tests.system import System

CANARY = "canary-7f3a-of-the-mine"
TEXTS = {"name": "node 7", "password": CANARY, "slug": "n", "vlan": 1, "loss": "0.25", "ratio": 0.5, "colour": "#000",
         "address": "192.0.2.1", "as_number": "AS64496"}  # fmt: skip
CHOICES = {"site": "ams", "speed": 100, "devices": ["core1"], "fail_once": True, "notify": True}
INPUTS: list[dict[str, Any]] = [TEXTS, CHOICES, {"sure": True}]


def database_as_text(name: str) -> str:
    """Return every row of every table, whatever its schema."""
    found = []
    with connect(name) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table in tables:
            rows = sql.SQL("SELECT row::text FROM {} AS row").format(sql.Identifier(schema, table))
            found += [row[0] for row in connection.execute(rows).fetchall()]
    return "\n".join(found)


def ask(url: str, headers: dict[str, str], body: Any = None) -> str:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(answer.read().decode())


def test_a_secret_is_found_nowhere_but_in_the_step_that_asked_for_it(system: System, client: Any) -> None:
    web, worker, scheduler = system.web(), system.worker(), system.scheduler()
    person = User.objects.create_superuser("noc-operator")
    client.force_login(person)
    _token, text = create_token(person)
    by_token = {"Authorization": f"Token {text}"}
    by_session = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={system.session_key_for(client)}"}
    heard: list[str] = []

    def follow() -> None:
        request = urllib.request.Request(f"{system.url}/events/?on=processes+schedules", headers=by_session)
        with urllib.request.urlopen(request, timeout=60) as stream:
            heard.extend(line.decode() for line in stream)

    threading.Thread(target=follow, daemon=True).start()
    cron = {"trigger": "interval", "trigger_kwargs": {"days": 1}}
    schedule = create_schedule(name="n", workflow_name="task_showcase", user=person, user_inputs=INPUTS, **cron)  # type: ignore[arg-type]
    edit_schedule(schedule.pk, {"user_inputs": [{**TEXTS, "vlan": 7}, *INPUTS[1:]]}, user=person)

    api = f"{system.url}/api/processes/"
    started = json.loads(ask(api, by_token, {"workflow_name": "task_showcase", "user_inputs": INPUTS}))["process_id"]

    def status(wanted: str) -> bool:
        return Process.objects.filter(pk=started, status=wanted).exists()

    system.wait_for(lambda: status("suspended"))
    ask(f"{api}{started}/resume/", by_token, {"user_inputs": [{"approved": True, "remark": "in the window"}]})
    system.wait_for(lambda: status("failed") or status("api_unavailable"))
    ask(f"{api}{started}/retry/", by_token, {})
    system.wait_for(lambda: status("awaiting_callback"))
    answers = (f"/api/processes/{started}/", f"/api/processes/{started}/logs/", "/api/schedules/",
               f"/api/schedules/{schedule.pk}/history/")  # fmt: skip
    pages = (f"/processes/{started}/", f"/tasks/task_showcase/?again={started}", "/processes/export/", "/",
             f"/schedules/{schedule.pk}/", f"/schedules/{schedule.pk}/edit/", "/processes/")  # fmt: skip
    shown = [ask(system.url + address, by_token) for address in answers]
    shown += [ask(system.url + address, by_session) for address in pages]

    assert "node 7" in "".join(shown)
    stored = database_as_text(system.database)
    assert "node 7" in stored
    assert CANARY not in stored
    assert CANARY not in "".join(shown)
    assert any("processes" in line for line in heard)
    assert CANARY not in "".join(heard)
    for process in (web, worker, scheduler):
        assert process.output
        assert CANARY not in process.output
