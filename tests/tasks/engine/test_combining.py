"""Groups, foreach, conditions and lenses on a real worker."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from orchestrator_admin.redaction import COVER
from tasks.engine.parts import _label
from tasks.models import ProcessStatus, ProcessStep
from tasks.services import resume_process, retry_process
from tests.bench import Bench


def _items(process_id: UUID) -> list[tuple[int, str, Any]]:
    rows = ProcessStep.objects.filter(process_id=process_id, parent__isnull=False).order_by("id")
    return [(row.position, row.status, row.state) for row in rows]


def test_a_group_is_one_row(bench: Bench) -> None:
    process = bench.run("grouped")
    assert process.status == ProcessStatus.COMPLETED
    assert bench.rows(process.pk) == [
        ("Start", "success"), ("Group", "success"), ("Count", "success"), ("Done", "complete"),
    ]  # fmt: skip
    assert bench.state(process.pk)["counter"] == 4


def test_a_group_goes_on_inside_at_the_part_that_failed(bench: Bench) -> None:
    repaired = bench.file("repaired")
    process = bench.run("grouped", fail="value", repaired=str(repaired))
    assert process.status == ProcessStatus.FAILED
    row = process.steps.last()
    assert row is not None
    assert (row.name, row.status, row.state["step"]) == ("Group", "failed", "Fail as told")
    assert row.progress is not None
    assert row.progress["done"] == ["Count"]

    retry_process(process.pk)
    process = bench.settled(process.pk)
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("failed", 2)

    repaired.touch()
    retry_process(process.pk)
    process = bench.settled(process.pk)
    assert process.status == ProcessStatus.COMPLETED
    assert bench.state(process.pk)["counter"] == 4
    assert process.steps.filter(name="Group").count() == 1


def test_foreach_collects_in_order(bench: Bench) -> None:
    process = bench.run("going_over", things=["x", 7, "z"])
    assert process.status == ProcessStatus.COMPLETED
    made = [f"{index}:{item}" for index, item in enumerate(["x", 7, "z"])]
    results = [{"made": each, "checked": each.upper()} for each in made]
    assert bench.state(process.pk)["Items"] == results
    assert "item" not in bench.state(process.pk)
    assert _items(process.pk) == [(index, "success", result) for index, result in enumerate(results)]
    assert bench.rows(process.pk)[1] == ("Items", "success")


def test_foreach_over_nothing_and_over_no_list(bench: Bench) -> None:
    process = bench.run("going_over_simply", things=[])
    assert process.status == ProcessStatus.COMPLETED
    assert bench.state(process.pk)["results"] == []
    process = bench.run("going_over_simply", things="abc")
    assert process.status == ProcessStatus.FAILED
    assert "goes over the list “things”, but the state holds str there" in process.failed_reason
    assert "does not hold it" in bench.run("going_over_simply").failed_reason


def test_foreach_tries_every_item_and_a_retry_does_only_what_failed(bench: Bench) -> None:
    repaired = bench.file("repaired")
    process = bench.run("going_over", things=["good", "bad", "fine", "bad too"], repaired=str(repaired))
    assert process.status == ProcessStatus.FAILED
    assert process.failed_reason.startswith("2 of 4 items failed: item 1: bad: bad does not work; item 3: bad too:")
    assert bench.rows(process.pk) == [("Start", "success"), ("Items", "failed")]
    assert [(position, status) for position, status, _ in _items(process.pk)] == [
        (0, "success"), (1, "failed"), (2, "success"), (3, "failed"),
    ]  # fmt: skip
    assert bench.traced() == ["item 0", "item 1", "item 2", "item 3"]

    repaired.touch()
    retry_process(process.pk)
    process = bench.settled(process.pk)
    assert process.status == ProcessStatus.COMPLETED
    assert bench.traced()[4:] == ["item 1", "item 3"]
    assert [each["made"] for each in bench.state(process.pk)["Items"]] == ["0:good", "1:bad", "2:fine", "3:bad too"]
    assert len(_items(process.pk)) == 4


def test_a_group_in_a_foreach_in_a_group(bench: Bench) -> None:
    repaired = bench.file("repaired")
    process = bench.run("nested", things=["a", "bad"], repaired=str(repaired))
    assert process.status == ProcessStatus.FAILED
    repaired.touch()
    retry_process(process.pk)
    process = bench.settled(process.pk)
    assert process.status == ProcessStatus.COMPLETED
    state = bench.state(process.pk)
    assert state["counter"] == 2
    assert [each["checked"] for each in state["Items"]] == ["0:A", "1:BAD"]
    assert bench.traced() == ["item 0", "item 1", "item 1"]
    assert bench.rows(process.pk) == [("Start", "success"), ("Group", "success"), ("Done", "complete")]


def test_conditions_are_judged_step_by_step(bench: Bench) -> None:
    process = bench.run("conditional_steps", wanted=False)
    assert process.status == ProcessStatus.COMPLETED
    assert bench.rows(process.pk) == [
        ("Start", "success"), ("Count", "success"), ("Count", "skipped"), ("Ask", "skipped"), ("Count", "skipped"),
        ("Count", "skipped"), ("Done", "complete"),
    ]  # fmt: skip
    process = bench.run("conditional_steps", wanted=True)
    assert process.status == ProcessStatus.SUSPENDED
    assert process.assignee == "NOC"
    resume_process(process.pk, [{"answer": "1"}])
    process = bench.settled(process.pk)
    assert process.status == ProcessStatus.COMPLETED
    assert bench.state(process.pk)["counter"] == 4


def test_lenses_show_a_part_and_put_it_back(bench: Bench) -> None:
    process = bench.run("lenses", inner={"counter": 10}, parts=[{"counter": 1}, {"counter": 5}], counter=100)
    assert process.status == ProcessStatus.COMPLETED
    state = bench.state(process.pk)
    assert state["inner"] == {"counter": 12}
    assert state["parts"] == [{"counter": 1}, {"counter": 6}]
    assert state["counter"] == 100


@pytest.mark.parametrize("item", ["bad canary-7391", {"name": "bad canary-7391"}])
def test_the_name_of_an_item_covers_secrets_and_fits(item: object) -> None:
    assert _label(item, 7, {"canary-7391"}) == f"7: bad {COVER}"
    assert len(_label("x" * 999, 7, ())) == 255
    assert _label({"id": 5}, 7, ()) == "7: 5"
    assert _label([1], 7, ()) == "7"
