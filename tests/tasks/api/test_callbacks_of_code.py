"""What a workflow's code says about people counts at every door: `authorize_callback`, `retry_auth_callback`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from orchestrator.workflow import StepList, begin, done, init, workflow
from orchestrator.workflows import LazyWorkflowInstance
from schedules import firing
from schedules.models import Occurrence, Schedule
from schedules.services import create_schedule
from tasks import registry, services
from tasks.exceptions import NotPermitted, TaskError
from tasks.models import FAILURES, Process, ProcessStatus, Workflow
from tasks.targets import Target
from tests.people import Api, somebody
from tests.tasks.api.processes import run, start
from tests.workflows.failing import fail_as_told
from tests.workflows.waiting import ask

pytestmark = pytest.mark.django_db
runs = pytest.mark.django_db(transaction=True)


def not_banned(user: Any) -> bool:
    return bool(user.username != "banned")


@workflow("Keeps somebody out", target=Target.SYSTEM, authorize_callback=not_banned)
def keeping_out() -> StepList:
    return init >> begin >> ask >> fail_as_told >> done


@pytest.fixture
def closed() -> str:
    """A workflow that everybody but one may start."""
    LazyWorkflowInstance("tests.tasks.api.test_callbacks_of_code", "keeping_out")
    Workflow.objects.create(name="keeping_out", target=Target.SYSTEM)
    return "keeping_out"


@pytest.fixture
def banned() -> Api:
    return Api(somebody("banned", "scheduler"))


def stopped(name: str, status: ProcessStatus) -> UUID:
    now = timezone.now()
    task = Workflow.objects.get(name=name)
    return Process.objects.create(workflow=task, status=status, started_at=now, last_modified_at=now).pk


@pytest.mark.parametrize("status", [*FAILURES, ProcessStatus.WAITING])
@pytest.mark.parametrize("name", ["keeping_out", "asking_superusers"])
def test_a_retry_is_refused_in_every_status_and_through_every_door(
    closed: str, banned: Api, client: Client, status: ProcessStatus, name: str
) -> None:
    process_id = stopped(name, status)
    client.force_login(banned.user)
    assert banned.post(f"/api/processes/{process_id}/retry/").status_code == 403
    assert banned.post(f"/api/processes/{process_id}/resume/", {"user_inputs": []}).status_code == 403
    for action in ("retry", "resume"):
        body = {"action": action, "process_ids": [str(process_id)]}
        assert banned.post("/api/processes/bulk/", body).json()["results"][0]["ok"] is False
    client.post(f"/processes/{process_id}/retry/")
    client.post("/processes/bulk/", {"action": "retry", "selected": str(process_id)})
    assert Process.objects.get().status == status
    root = Api(User.objects.create_superuser("root"))
    assert root.post(f"/api/processes/{process_id}/retry/").status_code == 200


@runs
def test_who_may_not_start_it_does_not_answer_its_form(closed: str, client: Client) -> None:
    process_id = start(Api(somebody("olga", "operator")), closed)
    assert run(process_id).status == ProcessStatus.SUSPENDED
    banned = Api(somebody("banned", "operator"))
    body = {"user_inputs": [{"answer": 1}]}
    assert banned.post(f"/api/processes/{process_id}/resume/", body).status_code == 403
    client.force_login(banned.user)
    client.post(f"/processes/{process_id}/resume/", {"answer": "1"})
    assert Process.objects.get().status == ProcessStatus.SUSPENDED
    assert Api(somebody("nina", "operator")).post(f"/api/processes/{process_id}/resume/", body).status_code == 200


def test_nobody_starts_it_again_or_by_a_schedule_of_another(closed: str, banned: Api) -> None:
    process_id = services.start_process(closed)
    assert banned.post(f"/api/processes/{process_id}/start-again/").status_code == 403
    schedule = create_schedule(
        name="n", workflow_name=closed, user=None, trigger="cron", trigger_kwargs={"expression": "0 1 * * *"}
    )
    assert banned.post(f"/api/schedules/{schedule.pk}/run/").status_code == 403
    assert Process.objects.count() == 1


def test_a_schedule_of_somebody_kept_out_later_starts_nothing_and_says_so(closed: str) -> None:
    owner = somebody("olga", "scheduler")
    schedule = create_schedule(
        name="n", workflow_name=closed, user=owner, trigger="interval", trigger_kwargs={"hours": 1}
    )
    User.objects.filter(pk=owner.pk).update(username="banned")
    schedule = Schedule.objects.select_related("owner").get(pk=schedule.pk)
    assert schedule.next_due_at is not None
    firing.fire([schedule], schedule.next_due_at)
    assert list(Occurrence.objects.values_list("outcome", "reason")) == [("skipped", "permission")]
    assert not Process.objects.exists()


def test_what_cannot_be_asked_is_not_permitted(banned: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    process_id = stopped("asking_superusers", ProcessStatus.FAILED)
    fresh = registry._Registry()
    monkeypatch.setattr(registry, "_registry", fresh)
    with pytest.raises(TaskError) as refused:
        services.retry_process(process_id, user=banned.user)
    assert not isinstance(refused.value, NotPermitted)
    assert Process.objects.get().status == ProcessStatus.FAILED
