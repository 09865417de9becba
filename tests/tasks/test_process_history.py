"""What people do to a process is recorded: who did it, through which door, and the failure that stood there before."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tasks import services
from tasks.exceptions import IllegalTransition
from tasks.models import Process, ProcessAction, ProcessStatus
from tests.pages import TRACEBACK, made, queries, text_of
from tests.people import Api, somebody
from tests.tasks.api.processes import run, start

pytestmark = pytest.mark.django_db

RETRIED = ("retried", "oscar", "page", "router <b>gone</b>", TRACEBACK)


def failed() -> Process:
    return made("failed", failed_reason="router <b>gone</b>", traceback=TRACEBACK)


def recorded(process: Process) -> list[tuple[str, ...]]:
    return list(process.history.values_list("action", "who", "origin", "before", "traceback"))


def test_a_retry_on_the_page_keeps_the_failure_and_says_who_retried(browser: Client) -> None:
    process = failed()
    browser.post(reverse("tasks:act", args=[process.pk, "retry"]))
    process.refresh_from_db()
    assert (process.status, process.failed_reason, process.traceback) == (ProcessStatus.RESUMED, "", "")
    assert recorded(process) == [RETRIED]

    page = browser.get(f"/processes/{process.pk}/")
    assert "What was done Retried by oscar, Page" in text_of(page)
    assert "What went wrong before: router <b>gone</b>" in text_of(page)  # as text
    assert "TimeoutError: gone" in text_of(page)
    assert f'<details id="done-{process.history.get().pk}">' in page.content.decode()


def test_a_page_of_a_process_to_which_nobody_did_anything_has_no_such_panel(browser: Client) -> None:
    assert "What was done" not in text_of(browser.get(f"/processes/{failed().pk}/"))


def test_actions_stand_in_their_order_at_the_same_cost(browser: Client, operator: User) -> None:
    process = failed()
    page = reverse("tasks:process", args=[process.pk])
    services.set_note(process.pk, "first", user=operator)
    few = queries(browser, page)
    for text in ("second", "third", "third"):
        browser.post(reverse("tasks:note", args=[process.pk]), {"note": text})
    assert queries(browser, page) == few
    assert recorded(process) == [
        ("noted", "oscar", "code", "", ""),
        ("noted", "oscar", "page", "first", ""),
        ("noted", "oscar", "page", "second", ""),  # and no fourth: the same note again changes nothing
    ]
    shown = text_of(browser.get(page))
    assert shown.index("The note before: first") < shown.index("The note before: second")


def test_a_bulk_action_is_recorded_of_each_process(browser: Client) -> None:
    processes = [failed(), failed(), made("completed")]
    asked = {"selected": [str(process.pk) for process in processes], "back": ""}
    browser.post(reverse("tasks:bulk"), {"action": "retry", **asked})
    assert [recorded(process) for process in processes] == [[RETRIED], [RETRIED], []]


def test_an_abort_keeps_the_failure_that_its_own_reason_replaces(operator: User) -> None:
    process = failed()
    services.abort_process(process.pk, user=operator)
    process.refresh_from_db()
    assert process.failed_reason == "Aborted by oscar."
    assert recorded(process) == [("aborted", "oscar", "code", *RETRIED[3:])]


def test_code_is_recorded_as_the_system_through_its_door_but_for_retries() -> None:
    process = failed()
    with services.starting_from(origin="command"):
        services.retry_process(process.pk)
        services.abort_process(process.pk)
    assert recorded(process) == [("aborted", "SYSTEM", "command", "", "")]


def test_what_is_refused_is_not_recorded(operator: User) -> None:
    process = made("completed")
    for refused in (services.retry_process, services.abort_process, services.resume_process):
        with pytest.raises(IllegalTransition):
            refused(process.pk, user=operator)
    assert recorded(process) == []


def test_the_record_outlives_the_user_but_not_the_process(operator: User) -> None:
    process = failed()
    services.retry_process(process.pk, user=operator)
    operator.delete()
    assert recorded(process)[0][:2] == ("retried", "oscar")
    services.abort_process(process.pk)
    services.delete_process(process.pk, user=somebody("ada", "admin"))
    assert not ProcessAction.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_api_records_and_tells_what_was_done() -> None:
    api = Api(somebody("olga", "operator"))
    process_id = start(api, "asking")
    assert run(process_id).status == ProcessStatus.SUSPENDED
    address = f"/api/processes/{process_id}/"
    assert api.get(address).json()["history"] == []
    api.post(f"{address}resume/", {"user_inputs": [{"answer": 42}]})
    api.patch(address, {"note": "mind the gap"})
    api.post("/api/processes/bulk/", {"action": "abort", "process_ids": [process_id]})
    told = Api(somebody("vera", "viewer")).get(address).json()["history"]
    assert [(done["action"], done["who"], done["origin"]) for done in told] == [
        ("resumed", "olga", "api"), ("noted", "olga", "api"), ("aborted", "olga", "api"),
    ]  # fmt: skip
    assert all(set(done) == {"at", "action", "who", "origin", "before", "traceback"} for done in told)
