"""Starting processes: what is checked first, what is written, and that it is all or nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User, WorkflowGrant
from tasks import engine, registry, services
from tasks.exceptions import (
    InvalidInputs,
    NotPermitted,
    PredicateRefused,
    StartFailed,
    TaskError,
    UnknownWorkflow,
)
from tasks.models import InputState, Origin, Process, ProcessStatus
from tasks.services import StartRequest, run_inline, start_many, start_process, starting_from, unqueued
from tasks.workflow import RunPredicateFail, RunPredicatePass
from tests.system import System


@pytest.fixture(autouse=True)
def nothing_yet(system: System) -> None:
    Process.objects.all().delete()
    system.sql("DELETE FROM procrastinate_jobs")


def jobs(system: System) -> list[Any]:
    return system.sql("SELECT queueing_lock, queue_name, priority, lock, args FROM procrastinate_jobs ORDER BY id")


def test_process_inputs_and_job_are_written_at_once(system: System) -> None:
    process_id = start_process("locking", [{"device": "ams-01"}], origin=Origin.API)
    process = Process.objects.get()
    assert process.pk == process_id
    assert (process.status, process.created_by, process.origin) == (ProcessStatus.CREATED, None, Origin.API)
    assert (process.lock, process.current_step) == ("ams-01", "Start")
    given = process.inputs.get()
    assert given.user_inputs == [{"device": "ams-01"}]
    assert given.state == {
        "device": "ams-01", "process_id": str(process_id), "reporter": "SYSTEM", "workflow_name": "locking",
        "workflow_target": "SYSTEM",
    }  # fmt: skip
    assert jobs(system) == [(str(process_id), "default", 0, "ams-01", {"process_id": str(process_id)})]


def test_a_start_takes_few_statements(system: System) -> None:
    registry.get_workflow("succeeding")
    with CaptureQueriesContext(connection) as captured:
        start_process("succeeding")
    # The engine's own statement goes past Django's log, and needs no transaction around it.
    assert len(captured) == 0, captured.captured_queries
    requests = [StartRequest("succeeding") for _ in range(200)]
    with CaptureQueriesContext(connection) as captured:
        found = start_many(requests)
    assert len(captured) == 0, captured.captured_queries
    assert len(jobs(system)) == 201
    assert [Process.objects.filter(pk=each).exists() for each in found] == [True] * 200


def test_a_refused_start_leaves_nothing(system: System) -> None:
    user = User.objects.create_user("without a role")
    WorkflowGrant.objects.all().delete()
    refusals: list[tuple[type[TaskError], str, Any, User | None]] = [
        (UnknownWorkflow, "nowhere", None, None),
        (PredicateRefused, "choosy", [{"refuse": True}], None),
        (InvalidInputs, "secretive", [{}], None),
        (NotPermitted, "succeeding", None, user),
    ]
    for kind, name, given, who in refusals:
        with pytest.raises(kind):
            start_process(name, given, who)
    assert not Process.objects.exists()
    assert not InputState.objects.exists()
    assert jobs(system) == []
    with pytest.raises(PredicateRefused, match=r"Not today\."):
        start_process("choosy", {"refuse": True})
    assert start_process("choosy", {"refuse": False})


@pytest.mark.parametrize(("name", "permitted"), [("ada", True), ("bob", False)])
def test_the_callbacks_may_be_async(system: System, name: str, permitted: bool) -> None:
    """A coroutine is true, whatever it would have answered."""
    user = User.objects.create_superuser(f"{name}")
    process_id = services.start_process("guarded", {"fail": "value"})
    services.run_inline(process_id)
    for act in (
        lambda: services.start_process("guarded", user=user),
        lambda: services.retry_process(process_id, user=user),
    ):
        if permitted:
            act()
        else:
            with pytest.raises(NotPermitted):
                act()


def test_the_workflows_own_callback_may_refuse(system: System) -> None:
    banned = User.objects.create_superuser("banned")
    with pytest.raises(NotPermitted):
        start_process("asking_superusers", user=banned)


def test_a_workflow_without_its_row_says_what_is_missing(system: System) -> None:
    system.sql("UPDATE tasks_workflow SET name = 'renamed' WHERE name = 'counting'")
    try:
        with pytest.raises(UnknownWorkflow, match="a migration has to add it"):
            start_process("counting")
    finally:
        system.sql("UPDATE tasks_workflow SET name = 'counting' WHERE name = 'renamed'")


def boom(*_arguments: Any) -> Any:
    raise ZeroDivisionError("boom")


def breaks_sql(*_arguments: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nonsense")


@pytest.mark.parametrize("option", ["run_predicate", "lock"])
@pytest.mark.parametrize("code", [boom, breaks_sql])
def test_one_bad_request_does_not_undo_the_others(system: System, option: str, code: Any) -> None:
    workflow = registry.get_workflow("choosy")
    kept = getattr(workflow, option)
    setattr(workflow, option, code)
    try:
        with transaction.atomic():
            found = start_many([StartRequest("succeeding"), StartRequest("choosy"), StartRequest("nowhere")])
    finally:
        setattr(workflow, option, kept)
    assert isinstance(found[0], UUID)
    assert isinstance(found[1], StartFailed)
    assert isinstance(found[1].__cause__, ZeroDivisionError | DatabaseError)
    assert type(found[1].__cause__).__name__ in str(found[1])
    assert isinstance(found[2], UnknownWorkflow)
    assert [process.pk for process in Process.objects.all()] == [found[0]]


def test_a_predicate_sees_what_others_have_started(system: System) -> None:
    """Two of one batch, of which only one may run."""
    workflow = registry.get_workflow("choosy")
    kept = workflow.run_predicate

    def only_one(context: Any) -> Any:
        going = Process.objects.filter(workflow__name=context.workflow_name).exists()
        return RunPredicateFail("one is enough") if going else RunPredicatePass()

    workflow.run_predicate = only_one
    try:
        start_process("choosy")
        with pytest.raises(PredicateRefused, match="one is enough"):
            start_process("choosy")
    finally:
        workflow.run_predicate = kept


def test_what_is_started_inside_is_ascribed(system: System) -> None:
    schedule, occurrence = uuid4(), uuid4()
    user = User.objects.create_superuser("scheduler")
    with starting_from(origin=Origin.SCHEDULE, schedule_id=schedule, occurrence_id=occurrence, user=user):
        start_process("succeeding")
    process = Process.objects.get()
    assert process.inputs.get().state["reporter"] == "scheduler"
    assert (process.origin, process.schedule_id, process.occurrence_id) == (Origin.SCHEDULE, schedule, occurrence)
    assert process.created_by == user
    start_process("succeeding")
    assert Process.objects.filter(schedule_id=None, origin=Origin.CODE, created_by=None).count() == 1


def test_unqueued_processes_belong_to_who_started_them(system: System) -> None:
    with unqueued() as started:
        process_id = start_process("counting")
        assert started.process_ids == [process_id]
        assert jobs(system) == []
        assert Process.objects.get().status == ProcessStatus.RUNNING
        assert engine.run_process(process_id) is None
        process = run_inline(process_id)
    assert process.status == ProcessStatus.COMPLETED


def test_a_queued_process_can_be_run_here_too(system: System) -> None:
    process_id = start_process("counting")
    assert run_inline(process_id).status == ProcessStatus.COMPLETED


def test_what_only_looks_like_a_secret_is_refused_and_an_unreadable_one_fails_clearly(system: System) -> None:
    with pytest.raises(InvalidInputs):
        start_process("counting", {"a": {"__secret__": "forged"}})
    process_id = start_process("counting")
    InputState.objects.filter(process_id=process_id).update(state={"a": {"__secret__": "of another key"}})
    process = run_inline(process_id)
    assert process.status == ProcessStatus.FAILED
    assert "SECRET_KEY" in process.failed_reason
    InputState.objects.filter(process_id=process_id).update(state={})
    services.retry_process(process_id)
    assert run_inline(process_id).status == ProcessStatus.COMPLETED
