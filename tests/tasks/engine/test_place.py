"""Where a process continues when its workflow was changed under it: at the right step, or nowhere."""

from __future__ import annotations

import pytest

from tasks import engine, registry, services
from tasks.engine.place import find
from tasks.exceptions import DefinitionChanged, IllegalTransition
from tasks.models import Process, ProcessStatus
from tasks.workflow import Assignee, Step, StepList, begin, done, init, inputstep, step, step_group
from tests.system import System


def steps(names: str) -> StepList:
    return StepList([step(name)(lambda: None) for name in names])


@pytest.mark.parametrize(
    ("definition", "done_names", "stopped_at", "expected"),
    [
        ("abc", "", "", "a"),
        ("abc", "a", "", "b"),
        ("abc", "ab", "c", "c"),
        ("abc", "abc", "", None),
        ("aab", "a", "", "a"),
        ("aab", "aa", "", "b"),
        ("abcd", "ab", "", "c"),  # appended
        ("abxc", "ab", "c", "x"),  # inserted after what was done: it runs first
        ("bc", "ab", "", "c"),  # a finished step was removed
        ("ac", "ab", "c", "c"),
        ("acb", "a", "c", "c"),  # reordered among what is to come
    ],
)
def test_the_right_step_is_found(definition: str, done_names: str, stopped_at: str, expected: str | None) -> None:
    found = find(steps(definition), list(done_names), stopped_at)
    assert (definition[found] if found < len(definition) else None) == expected


@pytest.mark.parametrize(
    ("definition", "done_names", "stopped_at", "message"),
    [
        ("xabc", "ab", "", "“x” now stands before “a”"),
        ("bac", "ab", "", "“b” now stands before “a”"),
        ("abd", "ab", "c", "“c”, where it stopped, is not there any more"),
        ("xyz", "ab", "", "none of the steps that were done"),
    ],
)
def test_or_it_says_why_there_is_none(definition: str, done_names: str, stopped_at: str, message: str) -> None:
    with pytest.raises(DefinitionChanged, match=message):
        find(steps(definition), list(done_names), stopped_at)


def test_nothing_comes_before_a_step_that_has_begun() -> None:
    with pytest.raises(DefinitionChanged, match="“x” was put before “b”, which has begun"):
        find(steps("axb"), ["a"], "b", partly_done=True)


def define(definition: StepList) -> None:
    registry.get_workflow("anything").__dict__["steps"] = definition


def run(process_id: object) -> Process:
    engine.run_process(process_id)  # type: ignore[arg-type]
    return Process.objects.get(pk=process_id)


def fails() -> None:
    raise ValueError("once")


def test_a_process_goes_on_in_the_new_definition(system: System) -> None:
    ran: list[str] = []
    first = step("First")(lambda: ran.append("first"))
    define(init >> first >> step("Second")(fails) >> done)
    process_id = services.start_process("anything")
    assert run(process_id).status == ProcessStatus.FAILED
    inserted = step("Inserted")(lambda: ran.append("inserted"))
    second = step("Second")(lambda: ran.append("second"))
    define(init >> inserted >> second >> done)
    services.retry_process(process_id)
    process = run(process_id)
    assert process.status == ProcessStatus.COMPLETED
    assert ran == ["first", "inserted", "second"]


def test_a_process_whose_step_is_gone_fails_and_says_why(system: System) -> None:
    define(init >> step("First")(fails) >> done)
    process_id = services.start_process("anything")
    run(process_id)
    define(init >> step("Renamed")(lambda: None) >> done)
    services.retry_process(process_id)
    process = run(process_id)
    assert process.status == ProcessStatus.FAILED
    assert "“First”, where it stopped, is not there any more" in process.failed_reason
    define(init >> step("First")(lambda: None) >> done)
    services.retry_process(process_id)
    assert run(process_id).status == ProcessStatus.COMPLETED


def test_a_group_that_was_changed_goes_on_by_name_too(system: System) -> None:
    ran: list[str] = []
    one = step("One")(lambda: ran.append("one"))
    define(init >> step_group("Group", begin >> one >> step("Two")(fails)) >> done)
    process_id = services.start_process("anything")
    run(process_id)
    two = step("Two")(lambda: ran.append("two"))
    three = step("Three")(lambda: ran.append("three"))
    define(init >> step_group("Group", begin >> one >> three >> two) >> done)
    services.retry_process(process_id)
    assert run(process_id).status == ProcessStatus.COMPLETED
    assert ran == ["one", "three", "two"]


def test_what_a_group_has_done_outlives_a_definition_that_does_not_fit(system: System) -> None:
    ran: list[str] = []
    group = step_group("Group", begin >> step("One")(lambda: ran.append("one")) >> step("Two")(fails))
    define(init >> group >> done)
    process_id = services.start_process("anything")
    run(process_id)
    define(init >> step("Inserted")(lambda: ran.append("inserted")) >> group >> done)
    for attempts in (1, 2):
        services.retry_process(process_id)
        process = run(process_id)
        assert "was put before “Group”, which has begun already" in process.failed_reason
        row = process.steps.get(name="Group")
        assert (row.status, row.attempts) == ("failed", attempts)
    two = step("Two")(lambda: ran.append("two"))
    define(init >> step_group("Group", begin >> step("One")(lambda: ran.append("one again")) >> two) >> done)
    services.retry_process(process_id)
    assert run(process_id).status == ProcessStatus.COMPLETED
    assert ran == ["one", "two"]


def test_a_form_that_is_gone_cannot_be_answered(system: System) -> None:
    define(init >> inputstep("Ask", Assignee.NOC)(lambda: None) >> done)
    process_id = services.start_process("anything")
    process = run(process_id)
    assert process.status == ProcessStatus.SUSPENDED
    define(init >> done)
    assert services.pending_form(process) is None
    with pytest.raises(IllegalTransition, match="“Ask”, where it stopped"):
        services.resume_process(process_id, [])


@pytest.mark.parametrize("part", [step("Ask")(lambda: None), step_group("Ask", begin)])
def test_a_form_that_became_something_else_cannot_be_answered(system: System, part: Step) -> None:
    define(init >> inputstep("Ask", Assignee.NOC)(lambda: None) >> done)
    process_id = services.start_process("anything")
    process = run(process_id)
    define(init >> part >> done)
    assert services.pending_form(process) is None
    with pytest.raises(IllegalTransition, match="“Ask”, where it waits, waits for nothing"):
        services.resume_process(process_id, [])


def test_a_workflow_that_does_not_import_fails_and_says_so(system: System) -> None:
    define(init >> done)
    process_id = services.start_process("anything")
    system.sql("UPDATE tasks_workflow SET name = 'vanished' WHERE name = 'anything'")
    try:
        process = run(process_id)
    finally:
        system.sql("UPDATE tasks_workflow SET name = 'anything' WHERE name = 'vanished'")
    assert process.status == ProcessStatus.FAILED
    assert process.failed_reason == "There is no workflow “vanished”."
