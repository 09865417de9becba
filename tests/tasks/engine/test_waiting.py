"""Processes that wait: for a form, for a callback, for the next try of a retrystep."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from tasks import services
from tasks.exceptions import (
    IllegalTransition,
    InvalidInputs,
    NotPermitted,
    ProcessNotFound,
    WrongCallback,
)
from tasks.models import Process, ProcessStatus
from tasks.services import pending_form, receive_callback, report_progress, resume_process, retry_process
from tests.bench import Bench
from tests.system import wait_until


@pytest.fixture(scope="module")
def superuser(system: Any) -> User:
    return User.objects.create_superuser("root", password="irrelevant here")


@pytest.fixture(scope="module")
def viewer(system: Any) -> User:
    return User.objects.create_user("viewer", password="irrelevant here")


# Forms


def test_a_form_suspends_and_its_answer_goes_on(bench: Bench, superuser: User) -> None:
    process = bench.run("asking")
    assert process.status == ProcessStatus.SUSPENDED
    assert process.assignee == "NOC"
    assert process.current_step == "Ask"
    assert bench.rows(process.pk) == [("Start", "success"), ("Count", "success"), ("Ask", "suspend")]
    form = pending_form(process)
    assert form is not None
    assert form.step_name == "Ask"
    assert form.state["counter"] == 1

    resumed = resume_process(process.pk, [{"answer": "42"}], user=superuser)
    assert resumed.status in (ProcessStatus.RESUMED, ProcessStatus.RUNNING, ProcessStatus.COMPLETED)
    process = bench.settled(process.pk)
    assert process.status == ProcessStatus.COMPLETED
    assert process.assignee == "SYSTEM"
    assert [name for name, _ in bench.rows(process.pk)] == ["Start", "Count", "Ask", "Count", "Done"]
    assert bench.state(process.pk)["answer"] == 42
    assert bench.state(process.pk)["asked_at"] == 1
    given = process.inputs.get(input_type="resume")
    assert given.created_by == superuser
    assert given.step == "Ask"
    assert given.user_inputs == [{"answer": 42}]


def test_a_wrong_answer_changes_nothing(bench: Bench) -> None:
    process = bench.run("asking")
    with pytest.raises(InvalidInputs) as refused:
        resume_process(process.pk, [{"answer": "0"}])
    assert list(refused.value.errors[0]) == ["answer"]
    assert Process.objects.get(pk=process.pk).status == ProcessStatus.SUSPENDED
    assert not process.inputs.filter(input_type="resume").exists()


def test_a_form_is_answered_once(bench: Bench) -> None:
    process = bench.run("asking")
    resume_process(process.pk, [{"answer": "1"}])
    bench.settled(process.pk)
    with pytest.raises(IllegalTransition):
        resume_process(process.pk, [{"answer": "2"}])


def test_only_those_whom_the_step_lets_may_resume(bench: Bench, superuser: User, viewer: User) -> None:
    process = bench.run("asking_superusers")
    with pytest.raises(NotPermitted):
        resume_process(process.pk, [{"answer": "1"}], user=viewer)
    resume_process(process.pk, [{"answer": "1"}], user=superuser)
    assert bench.settled(process.pk).status == ProcessStatus.COMPLETED


def test_a_form_inside_a_group_is_found_and_answered(bench: Bench) -> None:
    process = bench.run("grouped_asking")
    assert process.status == ProcessStatus.SUSPENDED
    assert bench.rows(process.pk) == [("Start", "success"), ("Group", "suspend")]
    form = pending_form(process)
    assert form is not None
    assert (form.step_name, form.state["counter"], form.assignee) == ("Ask", 1, "NOC")
    resume_process(process.pk, [{"answer": "5"}])
    process = bench.settled(process.pk)
    assert process.status == ProcessStatus.COMPLETED
    assert bench.rows(process.pk) == [("Start", "success"), ("Group", "success"), ("Done", "complete")]
    assert bench.state(process.pk) | {"counter": 2, "answer": 5} == bench.state(process.pk)


def test_a_form_in_each_item_of_a_foreach(bench: Bench) -> None:
    process = bench.run("asking_over", things=["a", "b"])
    for answer in (1, 2):
        assert process.status == ProcessStatus.SUSPENDED
        form = pending_form(process)
        assert form is not None
        assert form.state["index"] == answer - 1
        resume_process(process.pk, [{"answer": str(answer)}])
        process = bench.settled(process.pk)
    assert process.status == ProcessStatus.COMPLETED
    assert bench.state(process.pk)["Items"] == [{"made": "0:a", "answer": 10}, {"made": "1:b", "answer": 21}]
    assert bench.traced() == ["item 0", "item 1"]


# Callbacks


def _token(bench: Bench, process_id: Any) -> str:
    route = wait_until(lambda: next((word for word in bench.traced() if str(process_id) in word), ""))
    return route.rstrip("/").rsplit("/", 1)[-1]


def test_a_callback_goes_on_with_what_it_brought(bench: Bench) -> None:
    process = bench.run("called_back")
    assert process.status == ProcessStatus.AWAITING_CALLBACK
    assert process.callback_deadline is not None
    token = _token(bench, process.pk)
    report_progress(process.pk, token, {"percent": 50})
    row = process.steps.last()
    assert row is not None
    assert row.state["callback_progress"] == {"percent": 50}
    receive_callback(process.pk, token, {"ok": True, "by": "the other side"})
    process = bench.settled(process.pk)
    assert process.status == ProcessStatus.COMPLETED
    state = bench.state(process.pk)
    assert state["callback_result"] == {"ok": True, "by": "the other side"}
    assert state["judged"] is True
    assert state["called"] == state["callback_route"] == f"/api/processes/{process.pk}/callback/{token}/"
    assert bench.rows(process.pk)[1] == ("Call and wait", "success")


def test_a_callback_that_comes_while_the_step_still_calls_is_kept(bench: Bench) -> None:
    gate = bench.file("gate")
    process_id = bench.start("called_back", gate=str(gate))
    token = _token(bench, process_id)
    assert Process.objects.get(pk=process_id).status == ProcessStatus.RUNNING
    receive_callback(process_id, token, {"ok": True})
    with pytest.raises(WrongCallback):
        receive_callback(process_id, token, {"ok": True})
    gate.touch()
    wait_until(lambda: Process.objects.get(pk=process_id).status == ProcessStatus.COMPLETED)
    assert bench.state(process_id)["judged"] is True


def test_a_callback_with_another_token_is_refused(bench: Bench) -> None:
    process = bench.run("called_back")
    for token in ("", "wrong", "🚀"):
        with pytest.raises(WrongCallback):
            receive_callback(process.pk, token, {"ok": True})
    for payload in ({"ok": "\x00"}, {"ok": {"__secret__": "forged"}}, "x" * 5_000_000):
        with pytest.raises(InvalidInputs):
            receive_callback(process.pk, _token(bench, process.pk), payload)
    assert Process.objects.get(pk=process.pk).status == ProcessStatus.AWAITING_CALLBACK


def test_a_callback_that_is_judged_wrong_fails_and_a_retry_judges_again(bench: Bench) -> None:
    process = bench.run("called_back")
    receive_callback(process.pk, _token(bench, process.pk), {"ok": False})
    process = bench.settled(process.pk)
    assert process.status == ProcessStatus.FAILED
    assert process.failed_reason == "the other side is not ok"
    retry_process(process.pk)
    process = bench.settled(process.pk)
    row = process.steps.last()
    assert row is not None
    assert (row.name, row.status, row.attempts) == ("Call and wait", "failed", 2)


def test_a_callback_that_does_not_come_fails_and_a_retry_makes_a_new_route(bench: Bench) -> None:
    process_id = bench.start("called_back_late")
    process = bench.settled(process_id)
    assert process.status in (ProcessStatus.AWAITING_CALLBACK, ProcessStatus.FAILED)
    first = _token(bench, process_id)
    wait_until(lambda: Process.objects.get(pk=process_id).status == ProcessStatus.FAILED, 30)
    process = Process.objects.get(pk=process_id)
    assert process.failed_reason == "Nobody called back in time."
    with pytest.raises(WrongCallback):
        receive_callback(process_id, first, {"ok": True})
    bench.trace_file.unlink()
    retry_process(process_id)
    assert _token(bench, process_id) != first


# Retries


def test_a_retrystep_waits_and_is_retried_by_itself(bench: Bench) -> None:
    repaired = bench.file("repaired")
    process = bench.run("retrying", repaired=str(repaired))
    assert process.status == ProcessStatus.WAITING
    assert process.failed_reason == "a wrong value"
    assert process.retry_at is not None
    assert bench.rows(process.pk) == [("Start", "success"), ("Try as told", "waiting")]
    repaired.touch()
    Process.objects.filter(pk=process.pk).update(retry_at=process.last_modified_at)
    wait_until(lambda: Process.objects.get(pk=process.pk).status == ProcessStatus.COMPLETED, 30)
    assert bench.traced() == ["tried", "tried"]


def test_it_waits_longer_each_time_and_counts_the_same_failure_in_one_row(bench: Bench) -> None:
    process = bench.run("retrying")
    waits = []
    for _ in range(3):
        assert process.retry_at is not None
        waits.append(round((process.retry_at - process.last_modified_at).total_seconds()))
        retry_process(process.pk)
        process = bench.settled(process.pk)
    assert waits == [15, 30, 60]
    row = process.steps.last()
    assert row is not None
    assert (row.status, row.attempts) == ("waiting", 4)
    assert process.steps.count() == 2


def test_a_failed_process_goes_on_at_the_step_that_failed(bench: Bench, superuser: User) -> None:
    repaired = bench.file("repaired")
    process = bench.run("failing", fail="value", repaired=str(repaired))
    assert process.status == ProcessStatus.FAILED
    repaired.touch()
    retry_process(process.pk, user=superuser)
    process = bench.settled(process.pk)
    assert process.status == ProcessStatus.COMPLETED
    assert process.failed_reason == process.traceback == ""
    assert bench.rows(process.pk) == [
        ("Start", "success"), ("Count", "success"), ("Fail as told", "failed"), ("Fail as told", "success"),
        ("Count", "success"), ("Done", "complete"),
    ]  # fmt: skip
    assert [row.position for row in process.steps.all()] == [0, 1, 2, 2, 3, 4]
    assert bench.state(process.pk)["counter"] == 3


def test_who_may_retry_is_asked_of_the_workflow(bench: Bench, superuser: User, viewer: User) -> None:
    process = bench.run("asking_superusers", fail="value")
    resume_process(process.pk, [{"answer": "1"}], user=superuser)
    process = bench.settled(process.pk)
    assert process.status == ProcessStatus.FAILED
    with pytest.raises(NotPermitted):
        retry_process(process.pk, user=viewer)
    retry_process(process.pk, user=superuser)
    bench.settled(process.pk)


def test_what_is_not_there_cannot_be_retried(bench: Bench) -> None:
    with pytest.raises(ProcessNotFound):
        retry_process("0192aa00-0000-7000-8000-000000000001")  # type: ignore[arg-type]
    done = bench.run("succeeding")
    with pytest.raises(IllegalTransition, match="this one is: Completed"):
        retry_process(done.pk)
    assert services.available_actions(done, None)["retry"].allowed is False
