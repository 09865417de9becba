"""The language of workflows: what joins, what is refused, and what an author's own tests can call."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.exceptions import MissingArgument, StepError
from tasks.injection import Injected, typed
from tasks.kinds import (
    create_workflow,
    modify_workflow,
    reconcile_workflow,
    task,
    terminate_workflow,
    validate_workflow,
)
from tasks.steps import Kind, StepList
from tasks.targets import Target
from tasks.workflow import (
    Assignee,
    abort,
    begin,
    callback_step,
    conditional,
    done,
    focussteps,
    foreach_step,
    init,
    inputstep,
    retrystep,
    step,
    step_group,
    steplens,
    workflow,
)


@step("One")
def one(number: int = 0) -> dict[str, Any]:
    return {"number": number + 1}


@retrystep("Two")
def two() -> None:
    pass


def plain() -> None:
    """Not decorated."""


some_steps = st.lists(st.sampled_from([one, two]), max_size=4).map(StepList)


@given(some_steps, some_steps, some_steps)
def test_joining_is_associative_and_begin_is_its_unit(a: StepList, b: StepList, c: StepList) -> None:
    assert (a >> b) >> c == a >> (b >> c)
    assert begin >> a == a == a >> begin
    assert len(a >> b) == len(a) + len(b)


def test_steps_and_lists_join_in_any_order() -> None:
    joined = init >> one >> (begin >> two) >> done
    assert [each.name for each in joined] == ["Start", "One", "Two", "Done"]
    assert one >> two == begin >> one >> two
    assert [each.name for each in one >> (two >> one)] == ["One", "Two", "One"]
    assert [each.kind for each in init >> done >> abort] == [Kind.PASS, Kind.DONE, Kind.ABORT]


def test_a_slice_is_a_list_of_steps_and_prints() -> None:
    steps = init >> one >> two >> done
    assert isinstance(steps[1:3], StepList)
    assert steps[1] is one
    assert str(steps[1:3]) == repr(steps[1:3]) == "StepList [One, Two]"
    assert str(one) == "One"
    assert steps.map(lambda each: each) == steps
    assert one != "One"
    assert {one: 1}[one] == 1


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (plain, "this is function “plain”. Decorate it: @step(…) above def plain."),
        (5, "this is int 5."),
        ([one], "this is list"),
        (None, "this is NoneType None."),
    ],
)
def test_anything_else_is_refused_by_name(other: Any, message: str) -> None:
    for join in (lambda: init >> other, lambda: one >> other, lambda: other >> one, lambda: other >> init):
        with pytest.raises(TypeError) as refused:
            join()
        assert message in str(refused.value)
    with pytest.raises(TypeError):
        StepList([other])


def test_a_step_can_be_called_in_an_authors_test() -> None:
    assert one({"number": 4, "other": True}) == {"number": 5, "other": True}
    assert one(number=1) == {"number": 2}
    assert two({"a": 1}) == {"a": 1}
    with pytest.raises(TypeError):
        init[0]({})


def test_wrapping_keeps_what_a_step_is() -> None:
    allowed = object()
    ask = inputstep("Ask", Assignee.NOC, resume_auth_callback=allowed, retry_auth_callback=allowed)(plain)  # type: ignore[arg-type]
    for wrapped in (
        conditional(lambda state: True)(ask)[0],
        focussteps("part")(ask)[0],
        steplens(lambda state: state, lambda state: lambda part: part)(ask),
    ):
        assert (wrapped.name, wrapped.kind, wrapped.assignee) == ("Ask", Kind.INPUT, Assignee.NOC)
        assert wrapped.resume_auth is wrapped.retry_auth is allowed
        assert wrapped != ask


def test_views_and_what_is_put_back() -> None:
    focused = focussteps("outer")(focussteps("inner")(one))[0]
    state = {"outer": {"inner": {"number": 1}, "more": 2}, "kept": True}
    holds, view = focused.view(state)
    assert (holds, view) == (True, {"number": 1})
    assert focused.restored(state, {"number": 5}) == {"outer": {"inner": {"number": 5}, "more": 2}, "kept": True}
    assert focussteps("missing")(one)[0].view({}) == (True, {})
    never = conditional(lambda state: state["wanted"])(one)[0]
    assert never.view({"wanted": False})[0] is False
    inside = focussteps("outer")(conditional(lambda part: "more" in part)(one))[0]
    assert inside.view(state)[0] is True


def test_groups_of_groups_are_one_group_unless_they_are_wrapped() -> None:
    inner = step_group("Inner", begin >> one >> two)
    assert [each.name for each in step_group("Outer", begin >> inner >> one).steps] == ["One", "Two", "One"]
    wrapped = conditional(lambda state: True)(inner)
    assert [each.name for each in step_group("Outer", wrapped >> one).steps] == ["Inner", "One"]
    assert [each.name for each in foreach_step("Each", "list", do=one).steps] == ["One"]
    assert foreach_step("Each", "list", do=one).key == "Each"


def test_a_callback_step_makes_a_route_calls_waits_and_judges() -> None:
    made = callback_step("Call", one, two, result_key="result", callback_route_key="route", timeout=5)
    assert [each.kind for each in made.steps] == [Kind.ROUTE, Kind.FUNCTION, Kind.AWAIT, Kind.FUNCTION]
    assert (made.steps[0].route_key, made.steps[2].key, made.steps[2].timeout) == ("route", "result", 5)
    assert len(callback_step("Call", one).steps) == 3


@pytest.mark.parametrize(
    ("decorator", "target"),
    [
        (task, Target.SYSTEM),
        (create_workflow, Target.CREATE),
        (modify_workflow, Target.MODIFY),
        (terminate_workflow, Target.TERMINATE),
        (validate_workflow, Target.VALIDATE),
        (reconcile_workflow, Target.RECONCILE),
    ],
)
def test_shorthands_put_start_and_done_around(decorator: Any, target: Target) -> None:
    @decorator("Described", additional_steps=begin >> two)
    def made() -> StepList:
        return begin >> one

    assert made.target == target
    assert made.is_task is (target == Target.SYSTEM)
    assert [each.name for each in made.steps] == ["Start", "One", "Two", "Done"]


def test_a_workflow_knows_itself_and_is_not_called() -> None:
    @workflow("Described", target=Target.SYSTEM, queue="slow", priority=3, limit=2, lock=lambda state: "x")
    def made() -> StepList:
        return init >> one >> done

    assert (made.name, made.description, made.queue, made.priority, made.limit) == ("made", "Described", "slow", 3, 2)
    assert made.steps is made.steps
    with pytest.raises(TypeError, match="start_process"):
        made()

    @workflow()
    def described_by_itself() -> StepList:
        """What it does.

        And more.
        """
        return one  # type: ignore[return-value]

    assert described_by_itself.description == "What it does."
    assert [each.name for each in described_by_itself.steps] == ["One"]

    @workflow("Wrong")
    def wrong() -> StepList:
        return [one]  # type: ignore[return-value]

    with pytest.raises(TypeError, match="wrong returned list; a workflow returns steps joined with >>"):
        _ = wrong.steps
    with pytest.raises(ValueError, match="limit is 0"):
        workflow("Limited", limit=0)


class Colour(Enum):
    RED = "red"


KEY = "0192aa00-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("value", "hint", "expected"),
    [
        (KEY, UUID, UUID(KEY)),
        ("1.10", Decimal, Decimal("1.10")),
        ("2026-03-29", date, date(2026, 3, 29)),
        ("2026-03-29T10:00:00", datetime, datetime(2026, 3, 29, 10)),
        ("2026-03-29T10:00:00Z", date, date(2026, 3, 29)),
        ("P1DT02H00M00S", timedelta, timedelta(days=1, hours=2)),
        (90, timedelta, timedelta(seconds=90)),
        ("red", Colour, Colour.RED),
        ([KEY], list[UUID], [UUID(KEY)]),
        ([1, 2], set[int], {1, 2}),
        ({"a": KEY}, dict[str, UUID], {"a": UUID(KEY)}),
        (KEY, UUID | None, UUID(KEY)),
        (None, UUID | None, None),
        ("text", UUID | str, "text"),
        ("x", Annotated[str, "more"], "x"),
        (3, str, 3),
        ({"a": 1}, Any, {"a": 1}),
        ("3", float, 3.0),
    ],
)
def test_values_come_in_the_annotated_type(value: Any, hint: Any, expected: Any) -> None:
    found = typed(value, hint)
    assert found == expected
    assert type(found) is type(expected)


def test_what_cannot_be_read_or_is_missing_is_named() -> None:
    def needs(key: UUID, /, *rest: Any, other: int, given: int = 3, **more: Any) -> Any:
        return key, other, given

    injected = Injected(needs)
    assert injected.call({"key": KEY, "other": 1, "unused": 2}) == (UUID(KEY), 1, 3)
    assert injected.call({"key": "ignored"}, {"key": UUID(KEY), "other": 9}) == (UUID(KEY), 9, 3)
    with pytest.raises(MissingArgument, match="needs “other”"):
        injected.call({"key": KEY})
    with pytest.raises(StepError, match=r"“key” of .*needs cannot be read as UUID"):
        injected.call({"key": "no", "other": 1})


def test_annotations_that_exist_for_checkers_only_do_no_harm() -> None:
    def odd(value: NotThere) -> Any:  # type: ignore[name-defined]  # noqa: F821
        return value

    assert Injected(odd).call({"value": 1}) == 1


# What cannot be async


async def later(state: Any = None) -> Any:
    """Would be called, and never awaited."""


async def later_pages() -> Any:
    yield


class Later:
    async def __call__(self, state: Any) -> bool:
        return False


@pytest.mark.parametrize(
    "make",
    [
        lambda: step("One")(later),
        lambda: retrystep("One")(later),
        lambda: inputstep("One", assignee=Assignee.NOC)(later),
        lambda: inputstep("One", assignee=Assignee.NOC)(later_pages),
        lambda: conditional(later)(one),
        lambda: conditional(Later())(one),
        lambda: workflow()(later),
        lambda: task(initial_input_form=later_pages)(lambda: begin >> one),
        lambda: workflow(run_predicate=later)(lambda: begin >> one),
        lambda: workflow(lock=functools.partial(later))(lambda: begin >> one),
    ],
)
def test_async_functions_are_refused_where_they_are_decorated(make: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match=r"is async.*asyncio\.run"):
        make()
