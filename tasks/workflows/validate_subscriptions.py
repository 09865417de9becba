"""Checks that no subscription contradicts itself or its product."""

from __future__ import annotations

import structlog
from django.db.models import F, Q
from django.utils import timezone

from orchestrator.db import Subscription
from orchestrator.targets import Target
from orchestrator.types import State
from orchestrator.utils.errors import InconsistentDataError
from orchestrator.workflow import StepList, done, init, step, workflow

logger = structlog.get_logger(__name__)

MOST_TOLD = 100


@step("Check subscriptions")
def check() -> State:
    now = timezone.now()
    contradictions = {
        "ends before it starts": Q(end_date__lt=F("start_date")),
        "is active, but has ended": Q(status="active", end_date__lt=now),
        "is active, but its product has ended": Q(status="active", product__end_date__lt=now),
    }
    found = [
        f"{subscription} ({subscription.pk}) {contradiction}."
        for contradiction, condition in contradictions.items()
        for subscription in Subscription.objects.filter(condition).order_by("pk")[:MOST_TOLD]
    ]
    out_of_sync = Subscription.objects.filter(status="active", insync=False).count()
    logger.info("subscriptions_checked", contradictions=len(found), out_of_sync=out_of_sync)
    return {"checked": Subscription.objects.count(), "out_of_sync": out_of_sync, "contradictions": found}


@step("Report contradictions")
def report(contradictions: list[str]) -> State:
    if contradictions:
        raise InconsistentDataError("\n".join(contradictions))
    return {}


@workflow("Check that no subscription contradicts itself", target=Target.SYSTEM)
def task_validate_subscriptions() -> StepList:
    return init >> check >> report >> done
