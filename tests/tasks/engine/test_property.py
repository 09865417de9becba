"""Random workflows with random failures, crashes, pauses and retries: what must hold for all of them.

A step whose result was committed does not run again; the order is kept; the state is the fold of what was recorded.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from django import forms
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.forms import FormPage
from tasks import engine, registry, services
from tasks.assignee import Assignee
from tasks.models import FAILURES, Process, ProcessStatus, ProcessStep
from tasks.sweeper import sweep
from tasks.workflow import (
    Step,
    StepList,
    begin,
    conditional,
    done,
    foreach_step,
    init,
    inputstep,
    retrystep,
    step,
    step_group,
)
from tests.system import System, wait_until

pytestmark = pytest.mark.timeout(3600)


@dataclass
class Leaf:
    """A step that fails or crashes as often as `troubles` says before it succeeds, in each of its instances."""

    troubles: list[str]
    retries: bool
    name: str = ""


@dataclass
class Ask:
    """A step that waits for a form."""

    name: str = ""


@dataclass
class When:
    """Parts that are skipped, or not."""

    holds: bool
    parts: list[Any]


@dataclass
class Group:
    parts: list[Any]
    name: str = ""


@dataclass
class Each:
    items: int
    parts: list[Any]
    name: str = ""


class Answer(FormPage):
    answer = forms.IntegerField()


leaves = st.builds(Leaf, st.lists(st.sampled_from(["fail", "crash", "fail other"]), max_size=2), st.booleans())
inner = st.recursive(
    leaves | st.builds(Ask),
    lambda parts: (
        st.builds(Group, st.lists(parts, min_size=1, max_size=3))
        | st.builds(Each, st.integers(0, 3), st.lists(parts, min_size=1, max_size=2))
        | st.builds(When, st.booleans(), st.lists(parts, min_size=1, max_size=2))
    ),
    max_leaves=5,
)
plans = st.lists(inner, min_size=1, max_size=4)


@dataclass
class World:
    """What really happened: calls and successes of each instance of a step, by its idempotency key."""

    process_id: UUID | None = None
    calls: dict[str, int] = field(default_factory=dict)
    committed: set[str] = field(default_factory=set)
    order: list[str] = field(default_factory=list)


def name_parts(plan: list[Any], numbers: Iterator[int]) -> None:
    """Give each part a name of its own."""
    for part in plan:
        if not isinstance(part, When):
            part.name = f"{type(part).__name__} {next(numbers)}"
        name_parts(getattr(part, "parts", []), numbers)


def built(plan: list[Any], world: World) -> StepList:
    steps = begin
    for part in plan:
        match part:
            case Leaf():
                steps = steps >> leaf(part, world)
            case Ask():
                steps = steps >> inputstep(part.name, Assignee.NOC)(asking)
            case When():
                steps = steps >> conditional(lambda state, holds=part.holds: holds)(built(part.parts, world))
            case Group():
                steps = steps >> step_group(part.name, built(part.parts, world))
            case Each():
                steps = steps >> foreach_step(part.name, f"list{part.items}", built(part.parts, world))
    return steps


def asking(state: dict[str, Any]) -> Any:
    page = yield Answer
    return {"answers": state.get("answers", 0) + page.answer}


def leaf(part: Leaf, world: World) -> Step:
    name = part.name

    def function(state: dict[str, Any], idempotency_key: str) -> dict[str, Any]:
        assert idempotency_key not in world.committed, "a committed step ran again"
        attempt = world.calls.get(idempotency_key, 0)
        world.calls[idempotency_key] = attempt + 1
        if attempt < len(part.troubles):
            trouble = part.troubles[attempt]
            if trouble == "crash":
                lose_lease(world)
                return {name: "never committed"}
            raise ValueError(trouble)
        world.order.append(idempotency_key)
        world.committed.add(idempotency_key)
        return {name: attempt, "sum": state.get("sum", 0) + 1, "path": [*state.get("path", []), name]}

    return (retrystep if part.retries else step)(name)(function)


def lose_lease(world: World) -> None:
    """What a crash looks like from outside: the lease runs out and the sweeper takes the process away."""

    def taken() -> bool:
        sweep()
        return Process.objects.get(pk=world.process_id).status != ProcessStatus.RUNNING

    def elsewhere() -> None:
        Process.objects.filter(pk=world.process_id).update(lease_expires_at="2000-01-01T00:00:00Z")
        wait_until(taken)
        connection.close()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()


def expected(plan: list[Any], state: dict[str, Any], counter: list[int]) -> dict[str, Any]:
    """Return the state that `plan` leaves, by doing what it says without an engine."""
    for part in plan:
        match part:
            case Leaf():
                counter[0] += 1
                state = {**state, part.name: len(part.troubles), "sum": state.get("sum", 0) + 1,
                         "path": [*state.get("path", []), part.name]}  # fmt: skip
            case Ask():
                state = {**state, "answers": state.get("answers", 0) + 1}
            case When(holds=holds):
                state = expected(part.parts, state, counter) if holds else state
            case Group():
                state = expected(part.parts, state, counter)
            case Each():
                results = []
                for index in range(part.items):
                    seen = {**state, "item": index, "index": index}
                    after = expected(part.parts, seen, counter)
                    results.append({key: after[key] for key in after if key not in seen or after[key] != seen[key]})
                state = {**state, part.name: results}
    return state


def test_committed_steps_run_once_in_order_and_the_state_is_their_fold(system: System, long_run: bool) -> None:
    examples = settings(
        max_examples=1000 if long_run else 60,
        deadline=None,
        derandomize=not long_run,  # the everyday run tries the same workflows each time
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    examples(given(plan=plans)(holds))()


NESTED = {
    "a group in a condition in a group": lambda leaf: Group([When(True, [Group([leaf])])]),
    "a foreach in a group": lambda leaf: Group([Each(2, [leaf])]),
    "a group in a condition in a foreach": lambda leaf: Each(2, [When(True, [Group([leaf])])]),
    "a foreach in a foreach": lambda leaf: Each(2, [Each(2, [leaf])]),
}


@pytest.mark.parametrize("place", NESTED)
def test_a_failure_deep_inside_is_retried_where_it_happened(system: System, place: str) -> None:
    holds([NESTED[place](Leaf(["fail", "crash"], retries=False))])


@pytest.mark.parametrize("place", NESTED)
def test_a_retrystep_deep_inside_that_lost_its_worker_waits_for_its_next_try(system: System, place: str) -> None:
    plan = [NESTED[place](Leaf(["crash"], retries=True))]
    name_parts(plan, itertools.count(1))
    world = World()
    registry.get_workflow("anything").__dict__["steps"] = init >> built(plan, world) >> done
    process_id = world.process_id = services.start_process("anything", [{"list2": [0, 1]}])
    engine.run_process(process_id, worker="test")
    process = Process.objects.get(pk=process_id)
    assert (process.status, process.failed_reason[:11]) == (ProcessStatus.WAITING, "Worker lost")


def holds(plan: list[Any]) -> None:
    """Run what is planned and compare."""
    name_parts(plan, itertools.count(1))
    world = World()
    steps = init >> built(plan, world) >> done
    registry.get_workflow("anything").__dict__["steps"] = steps
    lists = {f"list{size}": list(range(size)) for size in range(4)}
    process_id = world.process_id = services.start_process("anything", [lists])
    process = driven(process_id)
    assert process.status == ProcessStatus.COMPLETED, process.failed_reason + process.traceback

    counter = [0]
    start = ProcessStep.objects.filter(process=process, name="Start").get().state
    rows = list(ProcessStep.objects.filter(process=process, parent=None))
    assert rows[-1].state == expected(plan, start, counter)
    assert len(world.committed) == len(world.order) == counter[0]
    finished = [row for row in rows if row.status in ("success", "skipped", "complete")]
    assert [row.name for row in finished] == [each.name for each in steps]
    assert [row.position for row in finished] == list(range(len(steps)))
    assert not ProcessStep.objects.filter(process=process, status="running").exists()


def driven(process_id: UUID) -> Process:
    """Run, retry and answer until the process has ended."""
    for _ in range(2000):
        engine.run_process(process_id, worker="test")
        process = Process.objects.get(pk=process_id)
        if process.status in (*FAILURES, ProcessStatus.WAITING):
            services.retry_process(process_id)
        elif process.status == ProcessStatus.SUSPENDED:
            services.resume_process(process_id, [{"answer": "1"}])
        elif process.status in (ProcessStatus.COMPLETED, ProcessStatus.ABORTED):
            return process
    raise AssertionError(f"it does not end: {process.status} {process.failed_reason}")
