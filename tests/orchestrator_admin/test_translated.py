"""Every page in a pseudo-language: a string that is still English was not marked for translation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db.models import CharField, JSONField, TextField
from django.test import Client
from django.utils import timezone
from django.utils.translation import trans_real

from accounts.models import User
from schedules.models import Occurrence, Outcome, Reason, Schedule, SchedulerInstance
from schedules.services import create_schedule, pause_schedule
from tasks.models import (
    Act,
    EngineSettings,
    Process,
    ProcessAction,
    Product,
    StepLog,
    Subscription,
    WorkerInstance,
    Workflow,
)
from tests.accounts.test_every_address import World, addresses
from tests.pages import TASK, TRACEBACK, made, with_steps
from tests.people import somebody
from tests.pseudo import Data, PseudoTranslation, untranslated

pytestmark = pytest.mark.django_db

# Names, which are the same in every language, and what programs call things.
NAMES = ["UTC", "PostgreSQL", "Python", "Django", "Orchestrator", "apscheduler", "django-apscheduler",
         "procrastinate", "psycopg", "django-htmx", "null", "Start", "Prepare", "Approve the change",
         "Configure devices", "Notify the customer", "Test", "Done", "Count", "tests"]  # fmt: skip
# What does not show a page of ours: machines read it, a browser is led on, or (admin/) it is Django's own.
NO_PAGES = ("api/", "events/", "health/", "metrics", "admin/", "processes/export/")
OPEN = ("/accounts/login/", "/accounts/signup/", "/accounts/3rdparty/login/cancelled/")
SCHEDULES = ("/schedules/", "/schedules/week/", "/schedules/outage/")
# What people send that cannot be taken: the answers explain.
REFUSED = [
    ("/schedules/new/", {"workflow_name": "0", "kind": "cron", "expression": "99 x", "timezone": "0/0"}),
    ("/schedules/new/", {"workflow_name": TASK, "kind": "every", "every": "0", "unit": "minutes", "timezone": "UTC"}),
    ("/schedules/new/", {"workflow_name": TASK, "kind": "weekly", "weekly_time": "25:00", "timezone": "UTC"}),
    ("/schedules/preview/", {"workflow_name": TASK, "kind": "once", "run_date": "yesterday", "timezone": "UTC"}),
    ("/schedules/preview/", {"workflow_name": TASK, "kind": "daily", "daily_time": "01:30", "timezone": "UTC"}),
    ("/tasks/task_showcase/", {}),
    ("/accounts/login/", {"login": "nobody", "password": "wrong"}),
    ("/accounts/people/new/", {}),
    ("/accounts/password/change/", {}),
]


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Speak the pseudo-language wherever English would be spoken, and English again afterwards."""
    real = trans_real.translation("en-gb")
    monkeypatch.setitem(trans_real._translations, "en-gb", PseudoTranslation(real))
    monkeypatch.setattr(trans_real, "_default", None)
    trans_real.activate("en-gb")
    yield
    trans_real.deactivate()


@pytest.fixture
def world() -> World:
    """Something of each kind in each state."""
    world = World()
    admin = world.people["superuser"]
    Workflow.objects.create(name="nameless", target="SYSTEM", description="neither code nor translation")
    Product.objects.update(description="ware")
    Subscription.objects.update(description="deal", note="remark")
    for status in ("created", "running", "suspended", "waiting", "awaiting_callback", "aborted", "failed",
                   "api_unavailable", "inconsistent_data", "completed", "resumed"):  # fmt: skip
        made(status, **({"failed_reason": "gone", "traceback": TRACEBACK} if status == "failed" else {}))
    process = with_steps(Process.objects.get(status="failed"), "first", "second", status="failed")
    StepLog.objects.create(process=process, position=1, at=timezone.now(), level="info", message="line")
    for action in Act.values:
        ProcessAction.objects.create(
            process=process,
            at=timezone.now(),
            action=action,
            who="ada",
            origin="page",
            before="gone",
            traceback=TRACEBACK,
        )
    Process.objects.filter(pk=process.pk).update(created_by=admin)
    arguments: dict[str, Any] = {"trigger": "cron", "trigger_kwargs": {"expression": "*/7 1 * * *"}}
    schedule = create_schedule(user=admin, name="sundry", workflow_name=TASK, **arguments)
    for outcome, reason in [(Outcome.STARTED, ""), (Outcome.MISSED, Reason.LATE), (Outcome.SKIPPED, Reason.OVERLAP)]:
        due = timezone.now() - timedelta(minutes=len(outcome))
        Occurrence.objects.create(
            schedule=schedule, scheduled_at=due, fired_at=due + timedelta(seconds=90), outcome=outcome, reason=reason
        )
    paused = create_schedule(user=admin, name="held", workflow_name=TASK, **arguments)
    pause_schedule(paused.pk, user=admin, reason="works", until=timezone.now() + timedelta(days=1))
    parked = create_schedule(user=admin, name="stuck", workflow_name=TASK, **arguments)
    Schedule.objects.filter(pk=parked.pk).update(parked_reason="broken", enabled=False)
    now = timezone.now()
    for heard in (now, now - timedelta(hours=1)):
        beats: dict[str, Any] = {"hostname": "host", "pid": 1, "started_at": heard, "heartbeat_at": heard}
        WorkerInstance.objects.create(concurrency=1, **beats)
        SchedulerInstance.objects.create(**beats)
    return world


def written() -> set[str]:
    """Return all texts that the database holds, but for the words of ours that it stores as choices."""
    found: set[str] = set()
    models = [*apps.get_app_config("tasks").get_models(), *apps.get_app_config("schedules").get_models(),
              *apps.get_app_config("usersessions").get_models(), User, Group]  # fmt: skip
    for model in models:
        for field in model._meta.concrete_fields:
            if isinstance(field, CharField | TextField | JSONField) and not field.choices:
                values = model._default_manager.values_list(field.name, flat=True)
                found.update(text for value in values for text in texts_in(value))
    return found


def texts_in(value: Any) -> Iterator[str]:
    """Yield a value as pages show it, and the texts inside of it."""
    if isinstance(value, str):
        yield value
        yield from value.splitlines()
    elif isinstance(value, dict | list):
        yield json.dumps(value)
        for inner in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from texts_in(inner)


def pages(world: World) -> Iterator[str]:
    """Yield every address of a page that the resolver knows, more than once where it depends on what it shows."""
    for text in dict.fromkeys(addresses()):
        if not text.startswith(NO_PAGES):
            yield world.path(text)
    for status in ("created", "running", "suspended", "awaiting_callback", "failed", "completed"):
        yield f"/processes/{Process.objects.filter(status=status).latest('pk').pk}/"
    yield from (f"/schedules/{pk}/" for pk in Schedule.objects.values_list("pk", flat=True))
    yield from (f"/tasks/{name}/" for name in (TASK, "task_showcase", "nameless"))
    yield from ("/search/?q=e", "/search/?q=%3F", "/processes/?text=nowhere&started_after=never",
                "/schedules/?q=nowhere", "/tasks/?q=nowhere", "/nowhere/")  # fmt: skip


def refusing(world: World) -> Iterator[str]:
    """Yield addresses where somebody who may only look is told what they may not do."""
    process = Process.objects.get(status="failed").pk
    schedule = Schedule.objects.get(name="sundry").pk
    yield from ("/", "/tasks/", f"/tasks/{TASK}/", f"/processes/{process}/", "/processes/", "/system/")
    yield from ("/schedules/new/", *(f"/schedules/{schedule}/{page}" for page in ("", "edit/", "pause/", "delete/")))


@pytest.mark.parametrize("rank", ["superuser", "viewer", "anonymous"])
def test_no_page_says_a_word_that_was_not_translated(pseudo: None, world: World, rank: str) -> None:
    client, data = world.clients[rank], Data([*written(), *NAMES])
    EngineSettings.objects.update_or_create(pk=1, defaults={"global_lock": rank == "viewer", "reason": "works"})
    walked = {"superuser": pages(world), "viewer": refusing(world), "anonymous": iter(OPEN)}[rank]
    found: dict[str, str] = {}
    seen = 0
    for path in walked:
        answer = client.get(path)
        if answer.status_code in (200, 403, 404) and answer["Content-Type"].startswith("text/html"):
            seen += 1
            found.update(dict.fromkeys(untranslated(answer.content.decode(), data), path))
    for path, sent in REFUSED if rank == "superuser" else []:
        answer = client.post(path, sent)
        found.update(dict.fromkeys(untranslated(answer.content.decode(), data), f"POST {path}"))
    assert not found, "\n".join(f"{path}: {text}" for text, path in sorted(found.items()))
    assert seen >= {"superuser": 50, "viewer": 8, "anonymous": len(OPEN)}[rank]


def test_a_page_without_anything_is_translated_as_well(pseudo: None) -> None:
    client = Client()
    client.force_login(somebody("newcomer", "viewer"))
    data = Data([*written(), *NAMES])
    for path in ("/", "/processes/", "/products/", "/subscriptions/", *SCHEDULES):
        assert list(untranslated(client.get(path).content.decode(), data)) == []


def test_a_string_that_was_not_translated_is_found(pseudo: None) -> None:
    page = '<p title="Ţîţļê">Šé 3 núţš <a aria-label="Plain">x</a> <code>code</code> Fred</p><p>Not ţŕàñšĺàţéđ</p>'
    assert list(untranslated(page, Data(["Fred"]))) == ["Plain", "Not ţŕàñšĺàţéđ"]
