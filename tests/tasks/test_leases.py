"""Who holds a process, and who may take it away."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.utils import timezone

from tasks import transitions
from tasks.engine import recording
from tasks.engine.context import Run
from tasks.models import Process, ProcessStatus, ProcessStep
from tasks.news import news
from tasks.services import start_process
from tasks.statuses import StepStatus
from tasks.transitions import Next, Result
from tests.databases import connect

pytestmark = pytest.mark.django_db


def _late(process: Process) -> None:
    """Let the lease have run out a second ago."""
    Process.objects.filter(pk=process.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_a_worker_that_has_recorded_something_since_it_was_looked_at_is_not_lost() -> None:
    """It was silent while the database was away. What was seen of it then says nothing of the step that it does now."""
    process = Process.objects.get(pk=start_process("counting"))
    token, now = uuid4(), timezone.now()
    transitions.claim(process.pk, token, "somebody")
    _late(process)
    seen = Process.objects.get(pk=process.pk).commits

    row = Result(0, "Start", StepStatus.SUCCESS, "{}", now, now)
    transitions.record(process.pk, token, [row], Next("Count"))
    taken = transitions.take_from_lost_worker(process.pk, token, seen, ProcessStatus.FAILED, reason="lost", retry=None)

    process.refresh_from_db()
    assert not taken
    assert process.status == ProcessStatus.RUNNING
    assert process.lease_expires_at is not None
    assert process.lease_expires_at > timezone.now()  # who records lives
    assert list(ProcessStep.objects.values_list("name", "status")) == [("Start", "success")]


def test_a_worker_that_is_silent_is_lost_and_records_nothing_any_more() -> None:
    process = Process.objects.get(pk=start_process("counting"))
    token, now = uuid4(), timezone.now()
    transitions.claim(process.pk, token, "somebody")
    _late(process)
    assert transitions.take_from_lost_worker(process.pk, token, 0, ProcessStatus.FAILED, reason="lost", retry=None)
    with pytest.raises(transitions.LeaseLost):
        transitions.record(process.pk, token, [Result(0, "Start", StepStatus.SUCCESS, "{}", now, now)], Next("Count"))
    assert not ProcessStep.objects.exists()


# Commits whose answer did not arrive


def _claimed() -> Run:
    process_id, token = start_process("counting"), uuid4()
    assert transitions.claim(process_id, token, "somebody")
    return Run(process_id, token, "counting", is_task=True, commits=0, limited=False)


def _record(process_id: UUID, token: UUID, then: Next) -> None:
    transitions.record(process_id, token, [_start()], then)


def _start() -> Result:
    now = timezone.now()
    return Result(0, "Start", StepStatus.SUCCESS, "{}", now, now)


def _break_connection() -> None:
    """Cut the connection from the other side, as a restart of the database does: the next statement fails."""
    assert connection.connection is not None
    pid = connection.connection.info.backend_pid
    with connect(connection.settings_dict["NAME"]) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", [Next("Count"), Next("Done", ProcessStatus.COMPLETED)], ids=["runs", "completed"])
def test_a_worker_that_was_frozen_does_not_take_the_results_of_others_for_its_own(end: Next) -> None:
    """It would go on with the next step, which has run already: only its next commit would be refused."""
    run = _claimed()
    _late(Process.objects.get(pk=run.process_id))
    failed = ProcessStatus.FAILED
    assert transitions.take_from_lost_worker(run.process_id, run.token, 0, failed, reason="lost", retry=None)
    assert transitions.resume(run.process_id, [failed])
    other = uuid4()
    assert transitions.claim(run.process_id, other, "another")
    _record(run.process_id, other, end)  # as many commits as there would be with ours

    _break_connection()
    with pytest.raises(transitions.LeaseLost):
        recording.commit(run, [_start()], Next("Count"))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", [Next("Count"), Next("Done", ProcessStatus.COMPLETED)], ids=["goes on", "ends"])
def test_a_commit_that_happened_is_found_and_one_that_did_not_is_done_again(end: Next) -> None:
    done, undone = _claimed(), _claimed()
    _record(done.process_id, done.token, end)

    for run in (done, undone):
        _break_connection()
        recording.commit(run, [_start()], end)
        assert run.commits == 1
        assert list(ProcessStep.objects.filter(process=run.process_id).values_list("name", flat=True)) == ["Start"]
        assert Process.objects.get(pk=run.process_id).status == end.status


@pytest.mark.django_db(transaction=True)
def test_pages_are_told_of_a_commit_whose_answer_did_not_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    run = _claimed()
    _record(run.process_id, run.token, Next("Count"))
    monkeypatch.setattr(news, "collecting", True)
    assert not news.tell()
    _break_connection()
    recording.commit(run, [_start()], Next("Count"))
    assert news.tell()
