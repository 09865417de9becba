"""Abort, delete, start again, bulk actions, the engine lock, and what a stopping worker hands back."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError

from accounts.models import User
from tasks import services
from tasks.exceptions import EngineLocked, IllegalTransition, NotPermitted, ProcessNotFound
from tasks.models import InputState, Process, ProcessStatus, ProcessStep
from tasks.statuses import LEGAL
from tests.bench import Bench
from tests.system import wait_until


@pytest.fixture(scope="module")
def superuser(system: Any) -> User:
    return User.objects.create_superuser("root", password="irrelevant here")


def _status(process_id: uuid.UUID) -> str:
    return Process.objects.get(pk=process_id).status


def test_a_running_process_is_aborted_after_its_current_step(bench: Bench, superuser: User) -> None:
    gate = bench.file("gate")
    process_id = bench.start("dawdling", gate=str(gate))
    wait_until(lambda: bench.traced() == ["began 1"])
    process = services.abort_process(process_id, user=superuser)
    assert process.status == ProcessStatus.RUNNING
    assert process.abort_requested_by == "root"
    gate.touch()
    process = bench.settled(process_id)
    assert process.status == ProcessStatus.ABORTED
    assert process.failed_reason == "Aborted by root."
    assert bench.rows(process_id) == [
        ("Start", "success"), ("Count", "success"), ("Dawdle", "success"), ("User aborted", "abort"),
    ]  # fmt: skip
    with pytest.raises(IllegalTransition):
        services.abort_process(process_id)


@pytest.mark.parametrize("name", ["dawdling_then_asking", "dawdling_last", "failing_slowly"])
def test_an_abort_holds_even_when_the_step_is_followed_by_a_form_or_fails(bench: Bench, name: str) -> None:
    gate = bench.file("gate")
    process_id = bench.start(name, gate=str(gate), fail="value")
    wait_until(lambda: bench.traced())
    services.abort_process(process_id)
    gate.touch()
    process = bench.settled(process_id)
    wait_until(lambda: _status(process_id) in (ProcessStatus.ABORTED, ProcessStatus.COMPLETED))
    process.refresh_from_db()
    if name == "dawdling_last":  # nothing is left to be stopped
        assert process.status == ProcessStatus.COMPLETED
    else:
        assert process.status == ProcessStatus.ABORTED
        assert process.failed_reason == "Aborted by SYSTEM."
        assert bench.rows(process_id)[-1] == ("User aborted", "abort")


def test_a_retry_forgets_an_abort_that_did_not_come_to_pass(bench: Bench) -> None:
    process = bench.run("failing", fail="value")
    Process.objects.filter(pk=process.pk).update(abort_requested_by="boss")
    services.retry_process(process.pk)
    assert bench.settled(process.pk).status == ProcessStatus.FAILED


@pytest.mark.parametrize("name", ["asking", "retrying", "called_back", "failing"])
def test_a_process_that_does_not_run_is_aborted_at_once(bench: Bench, name: str) -> None:
    process = bench.run(name, fail="value")
    process = services.abort_process(process.pk)
    assert process.status == ProcessStatus.ABORTED
    assert process.completed_at is not None
    assert bench.rows(process.pk)[-1] == ("User aborted", "abort")


def test_start_again_uses_the_same_inputs(bench: Bench) -> None:
    process = bench.run("failing", fail="value")
    again_id = services.start_again(process.pk)
    assert again_id != process.pk
    assert bench.settled(again_id).failed_reason == "a wrong value"


def test_bulk_says_what_became_of_each(bench: Bench) -> None:
    failed = bench.run("failing", fail="value")
    done = bench.run("succeeding")
    nowhere = uuid.uuid4()
    results = services.bulk("retry", [failed.pk, done.pk, nowhere, failed.pk])
    assert [(result.process_id, result.ok) for result in results] == [
        (failed.pk, True), (done.pk, False), (nowhere, False),
    ]  # fmt: skip
    assert "Completed" in results[1].message
    bench.settled(failed.pk)
    assert [result.ok for result in services.bulk("abort", [failed.pk])] == [True]


def test_only_finished_processes_of_tasks_are_deleted(bench: Bench, superuser: User) -> None:
    done = bench.run("logging_much")
    wait_until(lambda: done.logs.count() == 5)
    services.delete_process(done.pk, user=superuser)
    assert not Process.objects.filter(pk=done.pk).exists()
    waiting = bench.run("asking")
    with pytest.raises(IllegalTransition):
        services.delete_process(waiting.pk)
    no_task = bench.run("failing_modify", fail="value")
    with pytest.raises(IllegalTransition):
        services.delete_process(no_task.pk)
    with pytest.raises(ProcessNotFound):
        services.delete_process(done.pk)
    with pytest.raises(NotPermitted):
        services.delete_process(waiting.pk, user=User.objects.create_user("nobody"))


def test_the_engine_lock_stops_after_the_step_and_lets_everything_go_on(bench: Bench, superuser: User) -> None:
    gate = bench.file("gate")
    running = bench.start("dawdling", gate=str(gate))
    suspended = bench.run("asking")
    failed = bench.run("failing", fail="value")
    wait_until(lambda: "began 1" in bench.traced())
    services.lock_engine("maintenance", user=superuser)
    try:
        with pytest.raises(EngineLocked, match="maintenance"):
            bench.start("succeeding")
        with pytest.raises(EngineLocked):
            services.resume_process(suspended.pk, [{"answer": "1"}])
        with pytest.raises(EngineLocked):
            services.retry_process(failed.pk)
        [held] = services.start_many([services.StartRequest("succeeding")], hold_when_locked=True)
        assert isinstance(held, uuid.UUID)
        gate.touch()
        wait_until(lambda: _status(running) == ProcessStatus.RESUMED)
        assert bench.rows(running)[-1] == ("Dawdle", "success")
        wait_until(lambda: not bench.system.sql("SELECT FROM procrastinate_jobs"))
        assert _status(held) == ProcessStatus.CREATED
    finally:
        services.unlock_engine(user=superuser)
    assert bench.settled(running).status == ProcessStatus.COMPLETED
    assert bench.settled(held).status == ProcessStatus.COMPLETED
    assert bench.traced().count("began 1") == 1
    with pytest.raises(NotPermitted):
        services.lock_engine("no", user=User.objects.create_user("operator"))


def test_the_database_refuses_every_illegal_transition(bench: Bench) -> None:
    process = bench.run("succeeding")
    statuses = list(ProcessStatus)
    for before in statuses:
        for after in statuses:
            process_id = _row_with(process, before)
            fits = after in LEGAL[before] or before == after
            assert _moved(process_id, after) is fits, f"{before} → {after}"
            Process.objects.filter(pk=process_id).delete()


def _row_with(process: Process, status: ProcessStatus) -> uuid.UUID:
    lease = uuid.uuid4() if status == ProcessStatus.RUNNING else None
    made = Process.objects.create(
        workflow=process.workflow, status=status, started_at=process.started_at, lease_token=lease,
        last_modified_at=process.started_at,
    )  # fmt: skip
    return made.pk


def _moved(process_id: uuid.UUID, status: ProcessStatus) -> bool:
    lease = uuid.uuid4() if status == ProcessStatus.RUNNING else None
    try:
        Process.objects.filter(pk=process_id).update(status=status, lease_token=lease)
    except DatabaseError:
        return False
    return True


def test_a_worker_that_is_asked_to_stop_finishes_the_step_and_hands_back_the_rest(bench: Bench) -> None:
    system = bench.system
    gate = bench.file("gate")
    process_id = bench.start("dawdling", gate=str(gate))
    wait_until(lambda: bench.traced() == ["began 1"])
    [worker] = [each for each in system.processes if each.returncode is None]
    worker.kill(15)
    queued = bench.start("succeeding")
    gate.touch()
    assert worker.wait() == 0
    assert _status(process_id) == ProcessStatus.RESUMED
    assert bench.rows(process_id)[-1] == ("Dawdle", "success")
    taken = _status(queued) == ProcessStatus.COMPLETED  # it may have been quicker than the signal
    assert system.sql("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'") == [(1 if taken else 2,)]
    assert taken or _status(queued) == ProcessStatus.CREATED
    assert system.sql("SELECT count(*) FROM tasks_workerinstance") == [(0,)]
    system.worker("--concurrency", "4")
    assert bench.settled(process_id).status == ProcessStatus.COMPLETED
    assert bench.settled(queued).status == ProcessStatus.COMPLETED
    assert bench.traced() == ["began 1", "ended 1"]


def test_step_logs_are_kept_per_step_and_bounded(bench: Bench) -> None:
    process = bench.run("logging_much", lines=3)
    wait_until(lambda: process.logs.count() == 5)
    assert [(line.position, line.level, line.message) for line in process.logs.all()] == [
        (1, "info", "line number=0"), (1, "info", "line number=1"), (1, "info", "line number=2"),
        (1, "warning", "a plain warning"), (1, "info", "The password is  password=''"),
    ]  # fmt: skip
    process = bench.run("logging_much", lines=3000)
    wait_until(lambda: process.logs.filter(message__startswith="The password").exists())
    wait_until(lambda: process.logs.filter(level="notice").exists())
    assert process.logs.exclude(level="notice").count() == 1000
    assert process.logs.exclude(level="notice").last().message.startswith("The password")  # type: ignore[union-attr]
    notice = process.logs.get(level="notice")
    assert notice.message.startswith("2,002 older lines were dropped")


def test_what_a_foreach_logs_is_kept_per_item(bench: Bench) -> None:
    process = bench.run("going_over", things=["a", "bad", "c"])
    wait_until(lambda: process.logs.filter(item=2).exists())
    assert [(line.position, line.item, line.message) for line in process.logs.all()][:3] == [
        (1, 0, "working item='a'"), (1, 1, "working item='bad'"), (1, 2, "working item='c'"),
    ]  # fmt: skip
    inside = bench.run("nested", things=["a", "b"])
    wait_until(lambda: inside.logs.filter(item=1).exists())
    elsewhere = bench.run("logging_much", lines=1)
    wait_until(lambda: elsewhere.logs.filter(item=None).count() == 3)


def test_secrets_are_encrypted_in_states_and_covered_everywhere_else(bench: Bench) -> None:
    secret = "correct horse battery"
    process_id = services.start_process("secretive", [{"password": secret, "fail": "secret"}])
    process = bench.settled(process_id)
    assert process.status == ProcessStatus.FAILED
    assert process.failed_reason == "wrong password ••••"
    state = ProcessStep.objects.get(process=process, name="Use the secret").state
    assert state["length"] == len(secret)
    wait_until(lambda: process.logs.filter(message__startswith="using").exists())
    stored = [
        *process.steps.values_list("state", flat=True), *process.logs.values_list("message", flat=True),
        *InputState.objects.filter(process=process).values_list("user_inputs", "state"), process.traceback,
        process.failed_reason,
    ]  # fmt: skip
    assert secret not in repr(stored)
    assert all(secret not in each.output for each in bench.system.processes)


def test_starttask_runs_a_task_without_a_worker(bench: Bench, tmp_path: Path) -> None:
    system = bench.system
    for worker in system.processes:
        worker.stop()
    told = system.run("starttask", "failing", "--input", '{"fail": ""}', "--wait")
    assert told.returncode == 0, told.output
    assert "Completed" in told.output
    told = system.run("starttask", "failing", "--input", '[{"fail": "value"}]', "--wait")
    assert told.returncode == 1
    assert "a wrong value" in told.output
    told = system.run("starttask", "succeeding")
    assert told.returncode == 0
    process_id = told.output.strip().splitlines()[-1]
    assert _status(uuid.UUID(process_id)) == ProcessStatus.CREATED
    refused = {
        ("nowhere",): "There is no workflow “nowhere”.",
        ("asking", "--input", "{"): "--input is not JSON",
        ("asking", "--input", "3"): "must be a JSON object",
    }
    for arguments, message in refused.items():
        told = system.run("starttask", *arguments)
        assert told.returncode == 1
        assert message in told.output
