"""Migration operations that add and remove the rows of workflows: the third of a task's four parts.

They write through the historical model, so an application's migration goes on working whatever becomes of ours; it
needs `("tasks", "0001_initial")` among its dependencies. Each can be reversed, and applied again without harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.migrations.operations.base import Operation, OperationCategory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations.state import ProjectState

SYSTEM = "SYSTEM"


class WorkflowOperation(Operation):
    """What the operations on rows of workflows share."""

    reduces_to_sql = False
    reversible = True
    name: str

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Rows are no part of the project's state."""

    @property
    def migration_name_fragment(self) -> str:
        return f"{type(self).__name__.lower()}_{self.name.lower()}"

    def add_row(
        self, editor: BaseDatabaseSchemaEditor, state: ProjectState, *, target: str, description: str,
        product_type: str, products: Sequence[str],
    ) -> None:  # fmt: skip
        """Write the row unless there is one of that name, and relate it to the products named."""
        row, _created = (
            model(state, "Workflow")
            ._default_manager.using(editor.connection.alias)
            .get_or_create(name=self.name, defaults={"target": target, "description": description})
        )
        offered = model(state, "Product")._default_manager.using(editor.connection.alias)
        if product_type:
            row.products.add(*offered.filter(product_type=product_type))
        if products:
            row.products.add(*offered.filter(name__in=products))

    def remove_row(self, editor: BaseDatabaseSchemaEditor, state: ProjectState) -> None:
        """Delete the row and what hangs on it: its processes, its schedules. Refuses while one of them runs."""
        workflow = model(state, "Workflow")
        row = workflow._default_manager.using(editor.connection.alias).filter(name=self.name).first()
        if row is None:
            return
        processes = model(state, "Process")._default_manager.using(editor.connection.alias)
        running = processes.filter(workflow=row, status="running").count()
        if running:
            raise RuntimeError(
                f"{self.name} cannot be deleted while {running} of its processes run. Abort them or let them end first."
            )
        delete_with_references(editor, workflow._meta.db_table, "workflow_id", [row.pk])


class CreateWorkflow(WorkflowOperation):
    """Add a workflow: what it does to a subscription (`target`), and for which products it is.

    Products are named one by one, or all of a `product_type`; those that exist when the migration runs are related.
    """

    category = OperationCategory.ADDITION

    def __init__(
        self, name: str, target: str, description: str = "", product_type: str = "", products: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.target = str(getattr(target, "value", target)).upper()
        self.description = description
        self.product_type = product_type
        self.products = tuple(products)

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        self.add_row(
            schema_editor, from_state, target=self.target, description=self.description,
            product_type=self.product_type, products=self.products,
        )  # fmt: skip

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        self.remove_row(schema_editor, from_state)

    def describe(self) -> str:
        return f"Create workflow {self.name}"

    def reduce(self, operation: Operation, app_label: str) -> bool | list[Operation]:
        if isinstance(operation, DeleteWorkflow) and operation.name == self.name:
            return []
        return super().reduce(operation, app_label)


class CreateTask(CreateWorkflow):
    """Add a task: a workflow that is tied to no product."""

    def __init__(self, name: str, description: str = "") -> None:
        super().__init__(name, SYSTEM, description)

    def describe(self) -> str:
        return f"Create task {self.name}"


class DeleteWorkflow(WorkflowOperation):
    """Remove a workflow or task, with its processes and schedules.

    `target` and `description` are what the row gets when the migration is reversed.
    """

    category = OperationCategory.REMOVAL

    def __init__(self, name: str, target: str = SYSTEM, description: str = "") -> None:
        self.name = name
        self.target = str(getattr(target, "value", target)).upper()
        self.description = description

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        self.remove_row(schema_editor, from_state)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        self.add_row(
            schema_editor, from_state, target=self.target, description=self.description, product_type="", products=()
        )

    def describe(self) -> str:
        return f"Delete workflow {self.name}"


def model(state: ProjectState, name: str) -> Any:
    """Return the historical model of `tasks`. Raises LookupError saying which dependency the migration lacks."""
    try:
        return state.apps.get_model("tasks", name)
    except LookupError as error:
        raise LookupError(
            'This migration uses CreateTask, CreateWorkflow or DeleteWorkflow: add ("tasks", "0001_initial") to its '
            "dependencies."
        ) from error


def delete_with_references(editor: BaseDatabaseSchemaEditor, table: str, column: str, keys: Sequence[Any]) -> None:
    """Delete the rows of `table` whose `column` is one of `keys`, after all rows anywhere that refer to them.

    The catalogue is asked, not the models: a migration's state lacks the tables of applications that come after it.
    """
    quote = editor.quote_name
    with editor.connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT referring.relname, attribute.attname, referred.attname
            FROM pg_constraint AS c
            JOIN pg_class AS referring ON referring.oid = c.conrelid
            JOIN pg_attribute AS attribute ON attribute.attrelid = c.conrelid AND attribute.attnum = c.conkey[1]
            JOIN pg_attribute AS referred ON referred.attrelid = c.confrelid AND referred.attnum = c.confkey[1]
            WHERE c.contype = 'f' AND c.confrelid = %s::regclass AND c.conrelid <> c.confrelid
            """,
            [quote(table)],
        )
        for referring, attribute, referred in cursor.fetchall():
            cursor.execute(
                f"SELECT DISTINCT {quote(referred)} FROM {quote(table)} WHERE {quote(column)} = ANY(%s)",  # noqa: S608
                [list(keys)],
            )
            delete_with_references(editor, referring, attribute, [key for (key,) in cursor.fetchall()])
        cursor.execute(f"DELETE FROM {quote(table)} WHERE {quote(column)} = ANY(%s)", [list(keys)])  # noqa: S608
