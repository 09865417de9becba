"""What becomes of a process, on a real worker: success, every kind of failure, and what cannot be stored."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from tasks import services
from tasks.exceptions import StartedInsideStep
from tasks.models import Process, ProcessStatus, ProcessStep, Product
from tests.bench import Bench
from tests.system import wait_until


def test_every_step_is_recorded_with_the_state_after_it(bench: Bench) -> None:
    process = bench.run("counting")
    assert process.status == ProcessStatus.COMPLETED
    rows = process.steps.all()
    assert [(row.position, row.name, row.status) for row in rows] == [
        (0, "Start", "success"), *((number, "Count", "success") for number in range(1, 6)), (6, "Done", "complete"),
    ]  # fmt: skip
    assert [row.state.get("counter") for row in rows] == [None, 1, 2, 3, 4, 5, 5]
    assert process.first_run_at is not None
    assert process.completed_at is not None
    assert process.duration is not None
    assert process.lease_token is None


def test_a_double_start_and_end_work(bench: Bench) -> None:
    process = bench.run("double_ends")
    assert process.status == ProcessStatus.COMPLETED
    assert bench.rows(process.pk) == [
        ("Start", "success"), ("Start", "success"), ("Count", "success"), ("Done", "complete"),
    ]  # fmt: skip


def test_a_workflow_without_done_completes(bench: Bench) -> None:
    assert bench.run("endless").status == ProcessStatus.COMPLETED


def test_an_abort_step_ends_the_process(bench: Bench) -> None:
    process = bench.run("aborting")
    assert process.status == ProcessStatus.ABORTED
    assert bench.rows(process.pk) == [("Start", "success"), ("Count", "success"), ("Abort", "abort")]


def test_arguments_come_in_their_annotated_types(bench: Bench) -> None:
    key = "0192aa00-0000-7000-8000-000000000001"
    process = bench.run("typing", when="2026-03-01", price="12.50", key=key, several=[key])
    state = bench.state(process.pk)
    assert process.failed_reason == ""
    assert state["kinds"] == ["date", "Decimal", "UUID", "UUID", "dict", "UUID"]
    assert state["price"] == "13.50"
    assert state["when"] == "2026-03-01"
    assert state["reporter_seen"] == "SYSTEM"
    assert state["name_seen"] == "typing"
    assert state["extra_seen"] == "default"
    assert len(state["key_seen"]) == 36


@pytest.mark.parametrize(
    ("how", "status", "reason"),
    [
        ("value", ProcessStatus.FAILED, "a wrong value"),
        ("assertion", ProcessStatus.INCONSISTENT_DATA, "two systems differ"),
        ("inconsistent", ProcessStatus.INCONSISTENT_DATA, "the inventory disagrees"),
        ("connection", ProcessStatus.API_UNAVAILABLE, "nobody listens"),
        ("api", ProcessStatus.API_UNAVAILABLE, "(503) Service Unavailable"),
        ("details", ProcessStatus.FAILED, "with details"),
        ("exit", ProcessStatus.FAILED, "3"),
        ("nul", ProcessStatus.FAILED, "before \N{REPLACEMENT CHARACTER} after"),
        ("deep", ProcessStatus.FAILED, "maximum recursion depth exceeded"),
    ],
)
def test_a_failing_step_says_why(bench: Bench, how: str, status: ProcessStatus, reason: str) -> None:
    process = bench.run("failing", fail=how)
    assert process.status == status
    assert process.failed_reason.startswith(reason)
    assert bench.rows(process.pk) == [("Start", "success"), ("Count", "success"), ("Fail as told", "failed")]
    assert "_fail" in process.traceback
    assert "tasks/engine" not in process.traceback
    row = process.steps.last()
    assert row is not None
    assert row.state["error"] == process.failed_reason
    assert row.state["class"]
    if how == "details":
        assert row.state["details"] == {"node": "ams-01"}


@pytest.mark.django_db(transaction=True)
def test_the_log_tells_a_failure_in_the_words_of_the_process(caplog: pytest.LogCaptureFixture) -> None:
    process = services.run_inline(services.start_process("failing", {"fail": "inconsistent"}))
    assert process.status == ProcessStatus.INCONSISTENT_DATA
    events = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert [event["status"] for event in events if event["event"] == "step_failed"] == [process.status]


def test_an_assertion_in_a_workflow_that_is_no_task_is_a_plain_failure(bench: Bench) -> None:
    assert bench.run("failing_modify", fail="assertion").status == ProcessStatus.FAILED


def test_megabytes_of_reason_and_traceback_are_cut(bench: Bench) -> None:
    process = bench.run("failing", fail="huge")
    assert process.status == ProcessStatus.FAILED
    assert len(process.failed_reason) < 5_000
    assert "characters left out" in process.failed_reason
    assert len(process.traceback) < 70_000


@pytest.mark.parametrize(
    ("give", "reason"),
    [
        ("object", "“value” cannot be stored as JSON: object"),
        ("nul", "“value” holds a NUL character"),
        ("surrogate", "“value” holds a NUL character, or half of a surrogate pair"),
        ("nan", "“value” cannot be stored as JSON: a number that JSON does not know"),
        ("large", "would be 10.0 MB large; the limit is 4 MB"),
        ("circle", "“itself” contains itself"),
        ("list", "returned list; a step returns a dict, or None"),
        ("keys", "has a key that is not text"),
    ],
)
def test_what_cannot_be_stored_fails_the_step(bench: Bench, give: str, reason: str) -> None:
    process = bench.run("returning", give=give)
    assert process.status == ProcessStatus.FAILED
    assert reason in process.failed_reason
    assert bench.rows(process.pk)[-1] == ("Return as told", "failed")


def test_a_set_is_stored_as_a_sorted_list(bench: Bench) -> None:
    process = bench.run("returning", give="set")
    assert bench.state(process.pk)["value"] == [1, 2, 3]


def test_a_missing_argument_is_named(bench: Bench) -> None:
    process = bench.run("lacking")
    assert process.status == ProcessStatus.FAILED
    assert "needs_more needs “nowhere”, “neither”" in process.failed_reason


@pytest.mark.parametrize("swallow", [False, True])
def test_a_step_that_starts_a_process_fails_and_says_what_to_do(bench: Bench, swallow: bool) -> None:
    before = Process.objects.filter(workflow__name="succeeding").count()
    process = bench.run("starting", swallow=swallow)
    assert process.status == ProcessStatus.FAILED
    assert process.failed_reason == str(StartedInsideStep("succeeding", "Start another process"))
    assert "schedule function" in process.failed_reason
    assert Process.objects.filter(workflow__name="succeeding").count() == before


def test_what_a_step_writes_commits_with_its_row(bench: Bench) -> None:
    process = bench.run("writing", product="kept")
    assert process.status == ProcessStatus.COMPLETED
    assert bench.state(process.pk)["product_id"] == str(Product.objects.get(name="kept").pk)


def test_what_a_failing_step_wrote_is_undone(bench: Bench) -> None:
    process = bench.run("writing", product="undone", fail_after=True)
    assert process.status == ProcessStatus.FAILED
    assert not Product.objects.filter(name="undone").exists()


def test_a_step_that_breaks_its_transaction_fails(bench: Bench) -> None:
    process = bench.run("breaking")
    assert process.status == ProcessStatus.FAILED
    assert not Product.objects.filter(name="twice").exists()


@pytest.mark.parametrize("product", ["", "written before"])
def test_a_step_that_closes_its_connection_fails(bench: Bench, product: str) -> None:
    """What it wrote before was undone by the server: nobody must take that for a success."""
    process = bench.run("closing", product=product)
    assert process.status == ProcessStatus.FAILED
    assert "closed its connection to the database" in process.failed_reason
    assert not Product.objects.filter(name="written before").exists()


def test_a_failed_step_took_as_long_as_its_last_attempt_and_not_until_somebody_retried_it(bench: Bench) -> None:
    gate = bench.file("gate")
    process_id = bench.start("failing_slowly", gate=str(gate), fail="value")
    wait_until(lambda: bench.traced() != [])
    time.sleep(0.5)
    gate.touch()
    bench.settled(process_id)
    row = ProcessStep.objects.get(process_id=process_id, status="failed")
    assert row.duration is not None
    assert row.duration >= timedelta(seconds=0.5)
    idle_since = timezone.now()
    services.retry_process(process_id)
    bench.settled(process_id)
    row.refresh_from_db()
    assert row.attempts == 2
    assert row.started_at > idle_since
