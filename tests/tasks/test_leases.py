"""Who holds a process, and who may take it away."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from tasks import transitions
from tasks.models import Process, ProcessStatus, ProcessStep
from tasks.services import start_process
from tasks.statuses import StepStatus
from tasks.transitions import Next, Result

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
