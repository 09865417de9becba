"""What a step logs becomes rows: as people would read it, bounded, and not lost when the database is away."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from tasks.engine.context import Run, within
from tasks.models import Process, StepLog, Workflow
from tasks.steplogs import LONGEST_LINE, MOST_LINES, StepLogHandler
from tasks.workflows.nightly_sync import task_sync_from

pytestmark = pytest.mark.django_db
STEP = task_sync_from.steps[0]


@pytest.fixture
def handler() -> StepLogHandler:
    return StepLogHandler()


@pytest.fixture
def run() -> Run:
    """A run of a process that is in the database."""
    now = timezone.now()
    workflow = Workflow.objects.get(name="task_sync_from")
    process = Process.objects.create(workflow=workflow, started_at=now, last_modified_at=now)
    secrets = frozenset({"hunter22"})
    return Run(process.pk, uuid.uuid4(), workflow.name, is_task=True, commits=0, limited=False, secrets=secrets)


def emit(handler: StepLogHandler, message: object, *arguments: object, exc_info: object = None) -> None:
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, message, arguments, exc_info)  # type: ignore[arg-type]
    handler.handle(record)


def messages() -> list[str]:
    return list(StepLog.objects.order_by("id").values_list("message", flat=True))


def raised() -> BaseException:
    try:
        int("no node")
    except ValueError as error:
        return error
    raise AssertionError


def test_a_line_holds_the_event_what_was_bound_and_the_traceback_but_no_secret(
    handler: StepLogHandler, run: Run
) -> None:
    error = raised()
    with within(run, STEP, "0"):
        emit(handler, "plain %s with hunter22", "text")
        emit(handler, {"event": "synced", "count": 12, "level": "info", "step": "NSO calls"})
        emit(handler, {"event": "failed", "exc_info": error})
        emit(handler, {"event": "failed", "exc_info": True}, exc_info=(type(error), error, error.__traceback__))
        emit(handler, "failed", exc_info=(type(error), error, error.__traceback__))
        emit(handler, "x" * (LONGEST_LINE + 5))
    handler.flush_lines()
    plain, bound, *failed, long = messages()
    assert plain.startswith("plain text with ")
    assert "hunter22" not in plain
    assert bound == "synced count=12"
    assert len(failed) == 3
    for text in failed:
        assert text.startswith("failed\nTraceback")
        assert text.rstrip().endswith("'no node'")
    assert "5 characters left out" in long


def test_what_is_logged_outside_a_step_is_not_kept(handler: StepLogHandler, run: Run) -> None:
    emit(handler, "outside")
    handler.flush_lines()
    assert messages() == []


def test_a_line_that_cannot_be_formatted_is_reported_and_hurts_nobody(
    handler: StepLogHandler, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with within(run, STEP, "0"):
        emit(handler, "too %s %s", "few")
        emit(handler, "after it")
    handler.flush_lines()
    assert messages() == ["after it"]
    assert "not enough arguments" in capsys.readouterr().err


def test_of_too_many_lines_the_last_are_kept_and_a_notice_says_how_many_went(handler: StepLogHandler, run: Run) -> None:
    with within(run, STEP, "0"):
        for number in range(MOST_LINES + 20):
            emit(handler, f"line {number}")
        handler.flush_lines()
        emit(handler, "one more")
    handler.flush_lines()
    kept = list(StepLog.objects.exclude(level="notice").order_by("id").values_list("message", flat=True))
    assert len(kept) == MOST_LINES
    assert kept[-1] == "one more"
    [notice] = StepLog.objects.filter(level="notice")
    assert notice.message.startswith("21 older lines were dropped")


@contextmanager
def no_database() -> Iterator[None]:
    """Every statement fails as it does when the connection is lost."""

    def fail(*_: object) -> None:
        raise OperationalError("the connection is lost")

    with connection.execute_wrapper(fail):
        yield


def test_lines_that_could_not_be_written_come_first_the_next_time(handler: StepLogHandler, run: Run) -> None:
    with within(run, STEP, "0"):
        emit(handler, "first")
        emit(handler, "second")
        with no_database(), pytest.raises(OperationalError):
            handler.flush_lines()
        emit(handler, "third")
    handler.flush_lines()
    assert messages() == ["first", "second", "third"]


def test_lines_of_a_process_that_is_gone_are_dropped_and_forgotten(handler: StepLogHandler, run: Run) -> None:
    with within(run, STEP, "0"):
        emit(handler, "in vain")
    Process.objects.filter(pk=run.process_id).delete()
    handler.forget_all_but([])
    assert handler._tapes  # it still waits to be written
    handler.flush_lines()
    assert messages() == []
    handler.forget_all_but([run.process_id])
    assert handler._tapes
    handler.forget_all_but([])
    assert not handler._tapes
