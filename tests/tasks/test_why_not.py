"""What the code of a workflow refuses is said before a click: on the page of one process or task, and by the API.

Lists ask roles and grants only.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from accounts.models import User
from orchestrator.workflow import StepList, done, init, workflow
from orchestrator.workflows import LazyWorkflowInstance
from tasks import registry, services
from tasks.exceptions import AuthorisationFailed
from tasks.models import Process, ProcessStatus, ProcessStep, Workflow
from tasks.targets import Target
from tests.pages import made, queries, text_of
from tests.people import Api, somebody
from tests.workflows.failing import fail_as_told

pytestmark = pytest.mark.django_db
REFUSES = "The code of “asking_superusers” does not let you do this."


def broken(user: Any) -> bool:
    raise LookupError("the directory is down")


@workflow("Asks a directory that is down", target=Target.SYSTEM, authorize_callback=broken)
def asking_nobody() -> StepList:
    return init >> fail_as_told >> done


@pytest.fixture
def unsure() -> str:
    """A workflow whose callback raises."""
    LazyWorkflowInstance("tests.tasks.test_why_not", "asking_nobody")
    Workflow.objects.create(name="asking_nobody", target=Target.SYSTEM)
    return "asking_nobody"


def actions(user: User, process: Process | UUID) -> dict[str, Any]:
    answer = Api(user).get(f"/api/processes/{getattr(process, 'pk', process)}/").json()
    return {name: action["why_not"] for name, action in answer["actions"].items()}


def suspended() -> Process:
    process = made("suspended", "asking_superusers")
    for position, (name, status) in enumerate([("Start", "success"), ("Ask superusers", "suspend")]):
        ProcessStep.objects.create(process=process, position=position, name=name, status=status, state={"a": 1},
                                   started_at=process.started_at, completed_at=process.started_at)  # fmt: skip
    return process


def test_a_retry_that_code_refuses_is_not_offered(client: Client) -> None:
    process = made("failed", "asking_superusers")
    olga = somebody("olga", "operator")
    told = actions(olga, process)
    assert told["retry"] == REFUSES
    assert told["start_again"] == told["abort"] == ""
    client.force_login(olga)
    assert f'aria-disabled="true" title="{REFUSES}"' in client.get(f"/processes/{process.pk}/").content.decode()
    assert actions(User.objects.create_superuser("root"), process)["retry"] == ""
    # What lists know is cheap: it has not loaded or asked any code.
    assert services.available_actions(process, olga)["retry"].allowed


def test_who_may_not_answer_a_form_is_told_so_instead_of_asked(client: Client) -> None:
    process = suspended()
    olga, root = somebody("olga", "operator"), User.objects.create_superuser("root")
    assert actions(olga, process)["resume"] == REFUSES
    assert actions(root, process)["resume"] == ""
    client.force_login(olga)
    page = client.get(f"/processes/{process.pk}/")
    assert REFUSES in text_of(page)
    assert 'name="answer"' not in page.content.decode()
    client.force_login(root)
    page = client.get(f"/processes/{process.pk}/")
    assert REFUSES not in text_of(page)
    assert 'name="answer"' in page.content.decode()


def test_a_start_that_code_refuses_is_not_offered(client: Client) -> None:
    banned = somebody("banned", "operator")
    process = made("completed", "asking_superusers")
    assert actions(banned, process)["start_again"] == REFUSES
    client.force_login(banned)
    assert REFUSES in text_of(client.get("/tasks/asking_superusers/"))
    client.force_login(somebody("olga", "operator"))
    assert REFUSES not in text_of(client.get("/tasks/asking_superusers/"))


def test_a_callback_that_raises_permits_nothing_and_says_so(unsure: str, client: Client) -> None:
    process = made("failed", unsure)
    olga = somebody("olga", "operator")
    told = actions(olga, process)
    assert "LookupError: the directory is down" in told["retry"]
    assert told["retry"] == told["start_again"]
    client.force_login(olga)
    assert "the directory is down" in text_of(client.get(f"/tasks/{unsure}/"))
    answer = Api(olga).post(f"/api/processes/{process.pk}/retry/")
    assert answer.status_code == 403
    assert "the directory is down" in answer.json()["detail"]
    with pytest.raises(AuthorisationFailed):
        services.retry_process(process.pk, user=olga)
    assert Process.objects.get().status == ProcessStatus.FAILED


def test_code_that_cannot_be_loaded_permits_nothing_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    failed, waiting = made("failed", "asking_superusers"), suspended()
    monkeypatch.setattr(registry, "_registry", registry._Registry())
    olga = somebody("olga", "operator")
    told = services.available_actions(failed, olga, asking_code=True)
    assert not told["retry"].allowed
    assert "asking_superusers" in told["retry"].why_not
    assert told["abort"].allowed
    assert not services.available_actions(waiting, olga, asking_code=True)["resume"].allowed


def test_asking_takes_as_many_statements_whatever_is_there(client: Client) -> None:
    client.force_login(somebody("olga", "operator"))
    process = made("failed", "asking_superusers")
    paths = (f"/processes/{process.pk}/", "/tasks/asking_superusers/")
    before = [queries(client, path) for path in paths]
    for _time in range(5):
        made("failed", "asking_superusers")
    assert [queries(client, path) for path in paths] == before
