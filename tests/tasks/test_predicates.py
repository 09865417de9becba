"""Run predicates that workflows can use."""

from __future__ import annotations

import pytest
from django.utils import timezone

from orchestrator.workflows.predicates import no_uncompleted_instance
from orchestrator_admin.ids import uuid7
from tasks.models import Process, ProcessStatus, Workflow
from tasks.registry import get_workflow
from tasks.statuses import GOING
from tasks.workflow import PredicateContext, RunPredicateFail, RunPredicatePass

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("status", ProcessStatus)
def test_only_what_is_going_on_blocks_a_start(status: ProcessStatus) -> None:
    now = timezone.now()
    lease = uuid7() if status == ProcessStatus.RUNNING else None
    row = Workflow.objects.get(name="task_sync_from")
    process = Process.objects.create(
        workflow=row, status=status, started_at=now, last_modified_at=now, lease_token=lease
    )
    answer = no_uncompleted_instance(PredicateContext(get_workflow("task_sync_from")))
    if status in GOING:
        assert isinstance(answer, RunPredicateFail)
        assert str(process.pk) in answer.message
    else:
        assert isinstance(answer, RunPredicatePass)
    other = PredicateContext(get_workflow("task_showcase"))
    assert isinstance(no_uncompleted_instance(other), RunPredicatePass)
    assert type(no_uncompleted_instance("task_sync_from")(other)) is type(answer)
