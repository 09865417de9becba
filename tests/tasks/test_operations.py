"""Migration operations add and remove the rows of workflows, in both directions, again and again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.optimizer import MigrationOptimizer
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import MigrationWriter
from django.utils import timezone

from accounts.models import User
from orchestrator.migrations.operations import CreateTask, CreateWorkflow, DeleteWorkflow
from orchestrator.targets import Target
from orchestrator_admin.ids import uuid7
from schedules.models import Schedule
from tasks.models import InputState, Process, ProcessStatus, ProcessStep, Product, StepStatus, Workflow

pytestmark = pytest.mark.django_db
Apply = Callable[..., None]


@pytest.fixture
def apply() -> Apply:
    """Apply operations as the last migration of an application would, or reverse them."""
    state = MigrationLoader(connection).project_state()

    def run(*operations: Operation, backwards: bool = False) -> None:
        with connection.schema_editor(atomic=False) as editor:
            for operation in operations:
                step = operation.database_backwards if backwards else operation.database_forwards
                step("netops", editor, state, state)

    return run


def process_of(name: str, **values: object) -> Process:
    now = timezone.now()
    given = {"started_at": now, "last_modified_at": now, **values}
    return Process.objects.create(workflow=Workflow.objects.get(name=name), **given)


def test_create_task_adds_a_task(apply: Apply) -> None:
    apply(CreateTask(name="task_x", description="What x does"))
    row = Workflow.objects.get(name="task_x")
    assert (row.target, row.is_task, row.description) == ("SYSTEM", True, "What x does")
    assert not row.products.exists()


def test_applying_it_again_changes_nothing(apply: Apply) -> None:
    apply(CreateTask(name="task_x", description="First"))
    before = Workflow.objects.values().get(name="task_x")
    apply(CreateTask(name="task_x", description="Second"))
    assert Workflow.objects.values().get(name="task_x") == before


def test_reversing_removes_the_row_and_reversing_again_is_harmless(apply: Apply) -> None:
    operation = CreateTask(name="task_x")
    apply(operation)
    apply(operation, backwards=True)
    apply(operation, backwards=True)
    assert not Workflow.objects.filter(name="task_x").exists()


def test_create_workflow_relates_the_products_of_a_type_or_by_name(apply: Apply) -> None:
    node, port = (Product.objects.create(name=name, product_type=name) for name in ("Node", "Port"))
    apply(CreateWorkflow("modify_node", Target.MODIFY, "Modify a node", product_type="Node"))
    apply(CreateWorkflow("modify_all", "modify", products=["Node", "Port"]))
    assert list(Workflow.objects.get(name="modify_node").products.all()) == [node]
    assert set(Workflow.objects.get(name="modify_all").products.all()) == {node, port}
    assert Workflow.objects.get(name="modify_all").target == "MODIFY"
    assert not Workflow.objects.get(name="modify_all").is_task


def test_delete_workflow_takes_processes_and_schedules_along(apply: Apply) -> None:
    apply(CreateTask(name="task_x"), CreateTask(name="task_y"))
    process, other = process_of("task_x", status=ProcessStatus.FAILED), process_of("task_y")
    now = timezone.now()
    step = ProcessStep.objects.create(
        process=process, position=0, name="One", status=StepStatus.SUCCESS, started_at=now, completed_at=now
    )
    ProcessStep.objects.create(
        process=process,
        parent=step,
        position=0,
        name="Item",
        status=StepStatus.SUCCESS,
        started_at=now,
        completed_at=now,
    )
    InputState.objects.create(process=process, input_type="initial", user_inputs=[], created_by=User.objects.create())
    apply(DeleteWorkflow("task_x"))
    connection.check_constraints()
    assert list(Process.objects.all()) == [other]
    assert not ProcessStep.objects.exists()
    assert User.objects.exists()


def test_a_schedule_outlives_its_task(apply: Apply) -> None:
    apply(CreateTask(name="task_x"))
    Schedule.objects.create(name="Nightly", workflow_id="task_x", trigger="cron", system=True)
    apply(DeleteWorkflow("task_x"))
    connection.check_constraints()
    assert Schedule.objects.get().workflow_id == "task_x"


def test_delete_workflow_refuses_while_a_process_runs(apply: Apply) -> None:
    apply(CreateTask(name="task_x"))
    process_of("task_x", status=ProcessStatus.RUNNING, lease_token=uuid7())
    with pytest.raises(RuntimeError, match="task_x cannot be deleted while 1 of its processes run"):
        apply(DeleteWorkflow("task_x"))
    assert Workflow.objects.filter(name="task_x").exists()


def test_delete_workflow_is_the_opposite_of_create_workflow(apply: Apply) -> None:
    operation = DeleteWorkflow("modify_node", target="MODIFY", description="Modify a node")
    apply(operation)
    apply(operation, backwards=True)
    row = Workflow.objects.get(name="modify_node")
    assert (row.target, row.description) == ("MODIFY", "Modify a node")
    apply(operation)
    assert not Workflow.objects.filter(name="modify_node").exists()


def test_without_our_migration_among_the_dependencies_the_error_says_so() -> None:
    empty = ProjectState()
    with (
        connection.schema_editor(atomic=False) as editor,
        pytest.raises(LookupError, match=r'add \("tasks", "0001_initial"\) to its dependencies'),
    ):
        CreateTask(name="task_x").database_forwards("netops", editor, empty, empty)


def test_django_can_write_them_into_a_migration_and_read_them_back() -> None:
    operations = [
        CreateTask(name="task_x", description="X"),
        CreateWorkflow(name="modify_node", target="MODIFY", products=["Node"]),
        DeleteWorkflow(name="task_y"),
    ]
    migration = type("Migration", (Migration,), {"operations": operations})("0001_rows", "netops")
    written: dict[str, type[Migration]] = {}
    exec(MigrationWriter(migration).as_string(), written)
    read = written["Migration"].operations
    assert [each.deconstruct() for each in read] == [each.deconstruct() for each in operations]


def test_they_describe_themselves() -> None:
    assert CreateTask(name="task_x").describe() == "Create task task_x"
    assert CreateWorkflow("modify_x", "MODIFY").describe() == "Create workflow modify_x"
    assert DeleteWorkflow("task_x").describe() == "Delete workflow task_x"
    assert CreateTask(name="task_x").migration_name_fragment == "createtask_task_x"


def test_squashing_drops_what_was_created_and_deleted() -> None:
    operations = [CreateTask(name="task_x"), DeleteWorkflow("task_x")]
    assert MigrationOptimizer().optimize(operations, "netops") == []
    operations = [CreateTask(name="task_x"), DeleteWorkflow("task_y")]
    assert MigrationOptimizer().optimize(operations, "netops") == operations


def test_the_shipped_tasks_have_their_rows() -> None:
    assert Workflow.objects.get(name="task_sync_from").description == "Nightly validate and NSO sync"
