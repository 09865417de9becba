"""The built-in tasks do real work on our models, run by the real engine."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from orchestrator_admin.ids import uuid7
from tasks.models import (
    InputState,
    Process,
    ProcessAction,
    ProcessStatus,
    ProcessStep,
    Product,
    StepLog,
    Subscription,
    Workflow,
)
from tasks.services import run_inline, start_process, unqueued
from tasks.workflows import clean_up_tasks

pytestmark = pytest.mark.django_db


def ran(name: str) -> Process:
    """Run a task here and now."""
    with unqueued():
        return run_inline(start_process(name))


def state_of(process: Process) -> dict[str, Any]:
    step = process.steps.filter(parent=None).last()
    assert step is not None
    return step.state


def process_of(name: str, status: ProcessStatus, age: timedelta = timedelta(), **values: Any) -> Process:
    at = timezone.now() - age
    ended = at if status in (ProcessStatus.COMPLETED, ProcessStatus.ABORTED) else None
    given = {"started_at": at, "last_modified_at": at, "completed_at": ended, **values}
    return Process.objects.create(workflow=Workflow.objects.get(name=name), status=status, **given)


# Clean up


def old(status: ProcessStatus, name: str = "task_sync_from", days: int = 4, **values: Any) -> Process:
    process = process_of(name, status, timedelta(days=days), **values)
    now = timezone.now()
    times = {"status": "success", "started_at": now, "completed_at": now}
    step = ProcessStep.objects.create(process=process, position=0, name="One", **times)
    ProcessStep.objects.create(process=process, parent=step, position=0, name="Item", **times)
    InputState.objects.create(process=process, input_type="initial", user_inputs=[])
    StepLog.objects.create(process=process, position=0, at=now, level="info", message="Hello")
    ProcessAction.objects.create(process=process, at=now, action="retried", who="ada", origin="page", before="gone")
    return process


def test_clean_up_removes_finished_tasks_with_all_that_hangs_on_them() -> None:
    for status in (ProcessStatus.COMPLETED, ProcessStatus.ABORTED):
        old(status)
    process = ran("task_clean_up_tasks")
    assert process.status == ProcessStatus.COMPLETED, process.failed_reason
    assert state_of(process)["tasks_removed"] == 2
    assert list(Process.objects.all()) == [process]
    assert not ProcessStep.objects.exclude(process=process).exists()
    assert not ProcessAction.objects.exists()
    assert not InputState.objects.exclude(process=process).exists()
    assert not StepLog.objects.exclude(process=process).exists()


def test_clean_up_keeps_what_is_young_unfinished_or_of_a_product(settings: Any) -> None:
    settings.TASK_LOG_RETENTION_DAYS = 5
    Workflow.objects.create(name="modify_node", target="MODIFY")
    kept = [
        old(ProcessStatus.COMPLETED),
        old(ProcessStatus.COMPLETED, "modify_node", days=90),
        *(
            old(status, days=90)
            for status in (ProcessStatus.FAILED, ProcessStatus.WAITING, ProcessStatus.SUSPENDED, ProcessStatus.CREATED)
        ),
        old(ProcessStatus.RUNNING, days=90, lease_token=uuid7(), lease_expires_at=timezone.now() + timedelta(days=1)),
    ]
    process = ran("task_clean_up_tasks")
    assert state_of(process)["tasks_removed"] == 0
    assert set(Process.objects.exclude(pk=process.pk)) == set(kept)


@pytest.mark.parametrize(("processes", "batches"), [(0, 0), (1, 1), (4, 2), (5, 3)])
def test_clean_up_goes_in_batches_that_commit_by_themselves(
    monkeypatch: pytest.MonkeyPatch, processes: int, batches: int
) -> None:
    monkeypatch.setattr(clean_up_tasks, "BATCH", 2)
    for _number in range(processes):
        old(ProcessStatus.COMPLETED)
    process = ran("task_clean_up_tasks")
    items = [item.state["removed"] for item in ProcessStep.objects.filter(process=process, parent__isnull=False)]
    assert len(items) == batches
    assert sum(items) == processes == state_of(process)["tasks_removed"]
    assert Process.objects.count() == 1


# Resume


def jobs() -> set[UUID]:
    from procrastinate.contrib.django.models import ProcrastinateJob

    return {UUID(lock) for lock in ProcrastinateJob.objects.values_list("queueing_lock", flat=True)}


def test_waiting_processes_are_resumed_whenever_their_next_try_was_due() -> None:
    waiting = process_of("task_sync_from", ProcessStatus.WAITING, retry_at=timezone.now() + timedelta(days=1))
    failed = process_of("task_sync_from", ProcessStatus.FAILED)
    process = ran("task_resume_workflows")
    assert process.status == ProcessStatus.COMPLETED, process.failed_reason
    assert state_of(process)["number_of_resumed"] == 1
    waiting.refresh_from_db()
    failed.refresh_from_db()
    assert (waiting.status, failed.status) == (ProcessStatus.RESUMED, ProcessStatus.FAILED)
    assert jobs() == {waiting.pk}


def test_stuck_processes_get_a_job_and_queued_ones_keep_theirs() -> None:
    stuck = process_of("task_sync_from", ProcessStatus.CREATED, timedelta(hours=2))
    process_of("task_sync_from", ProcessStatus.CREATED)
    queued = start_process("task_sync_from")
    Process.objects.filter(pk=queued).update(last_modified_at=timezone.now() - timedelta(hours=2))
    process = ran("task_resume_workflows")
    assert state_of(process)["number_of_stuck"] == 1
    assert jobs() == {stuck.pk, queued}


# Callbacks


def test_overdue_callbacks_fail_their_processes() -> None:
    now = timezone.now()
    waiting = {"callback_token": "secret"}
    overdue = process_of(
        "task_sync_from", ProcessStatus.AWAITING_CALLBACK, callback_deadline=now - timedelta(seconds=1), **waiting
    )
    others = [
        process_of("task_sync_from", ProcessStatus.AWAITING_CALLBACK, callback_deadline=deadline, **waiting)
        for deadline in (now + timedelta(hours=1), None)
    ]
    process = ran("task_validate_awaiting_callbacks")
    assert state_of(process)["failed"] == [str(overdue.pk)]
    overdue.refresh_from_db()
    assert (overdue.status, overdue.callback_token) == (ProcessStatus.FAILED, "")
    assert overdue.failed_reason == "The callback did not come in time."
    for other in others:
        other.refresh_from_db()
        assert other.status == ProcessStatus.AWAITING_CALLBACK


# Products


@pytest.fixture
def only_shipped(db: None, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Leave the workflows of the tests themselves out."""
    from tasks import registry

    settings.ORCHESTRATOR_APPS = []
    fresh = registry._Registry()
    fresh.loaded = True
    fresh.workflows = {
        name: each for name, each in registry.registered().items() if each.registered_in == registry.SHIPPED
    }
    monkeypatch.setattr(registry, "_registry", fresh)
    Workflow.objects.exclude(name__in=fresh.workflows).delete()


@pytest.mark.usefixtures("only_shipped")
class TestProducts:
    def test_products_that_agree_pass(self) -> None:
        Product.objects.create(name="Node")
        process = ran("task_validate_products")
        assert process.status == ProcessStatus.COMPLETED, process.failed_reason
        state = state_of(process)
        assert (state["products_checked"], state["products_without_workflows"]) == (1, ["Node"])
        assert state["workflows_checked"] >= 7

    def test_a_row_without_code_fails(self) -> None:
        Workflow.objects.create(name="task_gone", target="SYSTEM")
        process = ran("task_validate_products")
        assert process.status == ProcessStatus.FAILED
        assert "manage.py checktasks" in process.failed_reason

    def test_another_target_in_the_database_fails(self) -> None:
        Workflow.objects.filter(name="task_sync_from").update(target="MODIFY")
        process = ran("task_validate_products")
        assert process.status == ProcessStatus.FAILED
        failed = process.steps.get(status="failed")
        assert "task_sync_from is SYSTEM in code and MODIFY in the database." in str(failed.state)

    def test_an_active_product_that_has_ended_fails(self) -> None:
        Product.objects.create(name="Node", end_date=timezone.now() - timedelta(days=1))
        process = ran("task_validate_products")
        assert process.status == ProcessStatus.FAILED
        assert "Node is active, but has ended." in str(process.steps.get(status="failed").state)

    def test_a_task_that_is_tied_to_a_product_fails(self) -> None:
        Workflow.objects.get(name="task_sync_from").products.add(Product.objects.create(name="Node"))
        process = ran("task_validate_products")
        assert "task_sync_from is a task, but is tied to a product." in str(process.steps.get(status="failed").state)


# Subscriptions


def test_subscriptions_that_agree_pass() -> None:
    node = Product.objects.create(name="Node")
    Subscription.objects.create(product=node, description="Node A", status="active", insync=True)
    Subscription.objects.create(product=node, description="Node B", status="active")
    process = ran("task_validate_subscriptions")
    assert process.status == ProcessStatus.COMPLETED, process.failed_reason
    state = state_of(process)
    assert (state["checked"], state["out_of_sync"], state["contradictions"]) == (2, 1, [])


def test_subscriptions_that_contradict_themselves_make_inconsistent_data() -> None:
    now = timezone.now()
    past, future = now - timedelta(days=1), now + timedelta(days=1)
    ended = Product.objects.create(name="Old node", end_date=past)
    node = Product.objects.create(name="Node")
    Subscription.objects.create(product=node, description="A", start_date=future, end_date=past)
    Subscription.objects.create(product=node, description="B", status="active", end_date=past)
    Subscription.objects.create(product=ended, description="C", status="active")
    Subscription.objects.create(product=ended, description="D", status="terminated", end_date=past)
    process = ran("task_validate_subscriptions")
    assert process.status == ProcessStatus.INCONSISTENT_DATA
    for sentence in (
        ("A", "ends before it starts"),
        ("B", "is active, but has ended"),
        ("C", "but its product has ended"),
    ):
        assert all(part in process.failed_reason for part in sentence)
    assert "D (" not in process.failed_reason
