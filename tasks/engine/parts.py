"""Runs the steps inside a group, or inside one item of a foreach: they share one row, which keeps how far they came.

Every finished part commits. What stops a part stops the group; its row says so and keeps what was done before.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from tasks import sql
from tasks.engine import place
from tasks.engine.context import OpenRow, Run
from tasks.engine.failure import REASON_LIMIT, failure
from tasks.engine.halt import Halt
from tasks.engine.obeying import obey
from tasks.engine.recording import commit, perform, record
from tasks.exceptions import LeaseLost, StepError
from tasks.secrets import mask_text
from tasks.state import dumps, loads
from tasks.statuses import FINISHED_STEP, StepStatus
from tasks.steps import Kind, Step, StepList, merged
from tasks.transitions import Next, Orders, Result


@dataclass
class Part:
    """The row that a list of steps shares. `state` is what the next of them sees."""

    run: Run
    name: str
    path: str
    top_step: str
    position: int
    state: dict[str, Any]
    parent: int | None = None
    row_id: int | None = None
    status: StepStatus = StepStatus.RUNNING
    stored: dict[str, Any] = field(default_factory=dict)
    started_at: datetime = field(default_factory=timezone.now)
    done: list[str] = field(default_factory=list)
    returned: dict[str, Any] = field(default_factory=dict)
    finished_as: Callable[[Part], dict[str, Any]] | None = None
    total: int | None = None

    def restore(self, row: OpenRow) -> Part:
        """Continue where `row` stands. What failed begins anew, and so does its time: lying idle is no work."""
        self.row_id, self.status, self.stored = row.id, row.status, row.state
        if row.status not in (StepStatus.FAILED, StepStatus.WAITING):
            self.started_at = row.started_at
        if row.progress and "done" in row.progress:
            kept, found = loads(json.dumps(row.progress))
            self.run.secrets |= found
            self.done, self.state, self.returned = kept["done"], kept["state"], kept["returned"]
        return self

    @property
    def stopped_at(self) -> str:
        """The step that was tried last and failed; "" where the row holds a state, which may have a `step` too."""
        failed = self.status in (StepStatus.FAILED, StepStatus.WAITING)
        return str(self.stored.get("step", "")) if failed else ""

    def take(self, step: Step, view: dict[str, Any], returned: Any) -> None:
        """Add what a step returned."""
        after = merged(view, returned, step.name)
        if step.wrappers:
            state = step.restored(self.state, after)
            changed = {key: value for key, value in state.items() if self.state.get(key, self) != value}
        else:
            state, changed = after, returned or {}
        self.state, self.returned = state, {**self.returned, **changed}
        self.done.append(step.name)

    def result(
        self, *, status: StepStatus = StepStatus.RUNNING, fault: Halt | None = None, at: Step | None = None
    ) -> Result:
        """Return the row as it is to be stored now: stopped by `fault`, at the step `at` of its own list."""
        held = self.run.secrets
        progress: str | None
        if self.total is not None:
            progress = dumps({"total": self.total})
        else:
            progress = dumps({"done": self.done, "state": self.state, "returned": self.returned}, held)
        again = False
        if fault is not None and fault.failure is not None:
            state = json.dumps({"step": (at or fault.step).name, **json.loads(fault.failure.state)})
            again = fault.failure.same_as(self.stored)
        elif status in FINISHED_STEP and self.finished_as is not None:
            state, progress = dumps(self.finished_as(self), held), None
        else:
            shown = self.finished_as(self) if self.finished_as is not None else self.state
            state = dumps(shown, held)
        return Result(
            position=self.position,
            name=self.name,
            status=status,
            state=state,
            started_at=self.started_at,
            completed_at=timezone.now(),
            row_id=self.row_id,
            parent=self.parent,
            progress=progress,
            again=again,
        )

    def going_on(self, **more: Any) -> Next:
        return Next(self.top_step, **more)

    def settle(self, orders: Orders, status: StepStatus = StepStatus.RUNNING) -> None:
        """Take over the id of the row that was just made, and do as told."""
        if self.row_id is None and orders.rows:
            self.row_id = orders.rows[-1]
        self.status = status
        obey(self.run, orders)


def run_parts(part: Part, steps: StepList) -> None:
    """Run what is left of `steps`. Raises Halt, with the part's row in it, where one of them has no result now."""
    index = place.find(steps, part.done, part.stopped_at)
    if part.status == StepStatus.FAILED and index < len(steps) and steps[index].kind is Kind.AWAIT:
        index = _before_route(steps, index)
        part.done = part.done[:index]
    for number, step in enumerate(steps[index:], start=index):
        last = number == len(steps) - 1 and part.finished_as is not None
        try:
            _run_part(part, step, StepStatus.SUCCESS if last else StepStatus.RUNNING)
        except Halt as halt:
            halt.rows.append(part.result(status=halt.status, fault=halt, at=step))
            raise
    if part.finished_as is not None and part.status != StepStatus.SUCCESS:
        result = part.result(status=StepStatus.SUCCESS)
        part.settle(commit(part.run, [result], part.going_on()), StepStatus.SUCCESS)


def _before_route(steps: StepList, index: int) -> int:
    """Return where to begin again when nobody called back: at the step that makes the route, for a new one."""
    routes = [number for number, step in enumerate(steps[:index]) if step.kind is Kind.ROUTE]
    return routes[-1] if routes else index


def _run_part(part: Part, step: Step, status: StepStatus) -> None:
    run, path = part.run, f"{part.path}/{step.name}"
    try:
        holds, view = step.view(part.state)
    except Exception as error:
        raise Halt(step, StepStatus.FAILED, failure(error, is_task=run.is_task, secrets=run.secrets)) from error
    if not holds or step.kind in (Kind.PASS, Kind.DONE):
        part.done.append(step.name)
        return
    match step.kind:
        case Kind.INPUT:
            raise Halt(step, StepStatus.SUSPEND)
        case Kind.AWAIT:
            raise Halt(step, StepStatus.AWAITING_CALLBACK)
        case Kind.ABORT:
            raise Halt(step, StepStatus.ABORT)
        case Kind.ROUTE:
            token = secrets.token_urlsafe(32)
            part.take(step, view, {step.route_key: f"/api/processes/{run.process_id}/callback/{token}/"})
            part.settle(commit(run, [part.result(status=status)], part.going_on(callback_token=token)), status)
        case Kind.GROUP | Kind.FOREACH:
            _run_nested(part, step, view, path, status)
        case _:
            _run_function(part, step, view, path, status)


def _run_function(part: Part, step: Step, view: dict[str, Any], path: str, status: StepStatus) -> None:
    run = part.run
    before = part.state, part.returned, list(part.done)

    def prepare(returned: Any) -> Callable[[], Orders]:
        part.take(step, view, returned)
        result = part.result(status=status)
        return lambda: record(run, [result], part.going_on())

    try:
        orders = perform(run, step, view, path, prepare)
    except LeaseLost:
        raise
    except BaseException as error:
        part.state, part.returned, part.done = before
        raise Halt.failed(step, failure(error, is_task=run.is_task, secrets=run.secrets)) from error
    part.settle(orders, status)


def _run_nested(part: Part, step: Step, view: dict[str, Any], path: str, status: StepStatus) -> None:
    """Run a group or a foreach that stands inside another one: its row is a child of that one's."""
    run = part.run
    if part.row_id is None:
        part.settle(commit(run, [part.result()], part.going_on()))
    inner = Part(run, step.name, path, part.top_step, position=len(part.done), state=view, parent=part.row_id)
    found = rows_of(part.row_id, run).get(inner.position)
    if found is not None:
        inner.restore(found)
    run_container(inner, step, view)
    after = inner.result(status=StepStatus.SUCCESS)
    part.take(step, view, inner.returned)
    part.settle(commit(run, [after, part.result(status=status)], part.going_on()), status)


def run_container(part: Part, step: Step, view: dict[str, Any]) -> None:
    """Run a group or foreach whose row is `part`'s; afterwards `part.state` is the state that it leaves."""
    if step.kind is Kind.GROUP:
        run_parts(part, step.steps)
        return
    items = view.get(step.over)
    run = part.run
    if not isinstance(items, list):
        found = "does not hold it" if step.over not in view else f"holds {type(items).__name__} there"
        error = StepError(f"“{step.name}” goes over the list “{step.over}”, but the state {found}.")
        halt = Halt(step, StepStatus.FAILED, failure(error, is_task=run.is_task))
        halt.rows.append(part.result(status=StepStatus.FAILED, fault=halt))
        raise halt
    part.total = len(items)
    if part.row_id is None or part.status != StepStatus.RUNNING:
        part.settle(commit(run, [part.result()], part.going_on()))
    part.returned = {step.key: _run_items(part, step, view, items)}
    part.state = {**view, **part.returned}


def _run_items(part: Part, step: Step, view: dict[str, Any], items: list[Any]) -> list[dict[str, Any]]:
    """Return what each item returned. Raises Halt when items failed, after all of them were tried."""
    run = part.run
    rows = rows_of(part.row_id, run)
    collected: list[dict[str, Any]] = []
    faults: list[tuple[str, Halt]] = []
    for index, item in enumerate(items):
        found = rows.get(index)
        if found is not None and found.status in FINISHED_STEP:
            collected.append(found.state)
            continue
        each = Part(
            run, _label(item, index, run.secrets), f"{part.path}/{index}", part.top_step,
            position=index, state={**view, "item": item, "index": index}, parent=part.row_id,
            finished_as=lambda each: each.returned,
        )  # fmt: skip
        if found is not None:
            each.restore(found)
        try:
            with _within_item(run, index):
                run_parts(each, step.steps)
        except Halt as halt:
            if halt.failure is None:
                halt.rows.append(part.result(status=halt.status))
                raise
            each.settle(commit(run, halt.rows, part.going_on()))
            faults.append((each.name, halt))
        else:
            collected.append(each.returned)
    if faults:
        raise _all_faults(part, step, len(items), faults)
    return collected


@contextmanager
def _within_item(run: Run, index: int) -> Iterator[None]:
    """Ascribe what is logged to an item; of a foreach inside another one, to the outer one's."""
    outer = run.item
    run.item = index if outer is None else outer
    try:
        yield
    finally:
        run.item = outer


def _all_faults(part: Part, step: Step, total: int, faults: list[tuple[str, Halt]]) -> Halt:
    first = next((halt for _, halt in faults if halt.status == StepStatus.FAILED), faults[0][1])
    told = "; ".join(f"item {label}: {halt.failure.reason}" for label, halt in faults[:5] if halt.failure)
    reason = f"{len(faults)} of {total} items failed: {told}{'; …' if len(faults) > 5 else ''}"
    failed = replace(first.failure, reason=reason[:REASON_LIMIT]) if first.failure else None
    halt = Halt(step, first.status, failed)
    halt.rows.append(part.result(status=halt.status, fault=halt))
    return halt


def rows_of(parent: int | None, run: Run) -> dict[int, OpenRow]:
    """Return the rows under `parent` by position; of several attempts the last."""
    if parent is None:
        return {}
    rows = sql.fetch(
        "SELECT position, id, name, status, attempts, state, progress, started_at FROM tasks_processstep "
        "WHERE parent_id = %s ORDER BY id",
        (parent,),
    )
    found: dict[int, OpenRow] = {}
    for position, row_id, name, status, attempts, state, progress, started_at in rows:
        plain, secret_texts = loads(state)
        run.secrets |= secret_texts
        found[position] = OpenRow(
            row_id, name, StepStatus(status), attempts, plain, json.loads(progress) if progress else None, started_at
        )
    return found


def _label(item: Any, index: int, secrets: Collection[str]) -> str:
    """Return what an item is called in its row and in reasons: its index, and its own name where it has one."""
    if isinstance(item, str | int | float):
        return mask_text(f"{index}: {item}", secrets)[:255]
    if isinstance(item, dict):
        named = next((item[key] for key in ("name", "label", "id") if isinstance(item.get(key), str | int)), None)
        if named is not None:
            return mask_text(f"{index}: {named}", secrets)[:255]
    return str(index)
