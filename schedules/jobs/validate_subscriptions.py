"""Validates every subscription that is in sync, every night at 00:10: with its product's own validating workflows."""

import structlog

from orchestrator.db import Subscription
from orchestrator.schedules.scheduler import scheduler
from orchestrator.services.processes import start_process
from orchestrator.targets import Target
from tasks.exceptions import TaskError

logger = structlog.get_logger(__name__)


@scheduler.scheduled_job(id="subscriptions-validator", name="Validate subscriptions", trigger="cron", hour=0, minute=10)
def validate_subscriptions() -> None:
    start_process("task_validate_subscriptions")
    wanted = Subscription.objects.filter(insync=True, product__workflows__target=Target.VALIDATE)
    for subscription_id, workflow_name in wanted.values_list("subscription_id", "product__workflows__name"):
        try:
            start_process(workflow_name, [{"subscription_id": subscription_id}])
        except TaskError as error:  # one that asks for more than a subscription must not keep the others from it
            named = {"subscription_id": str(subscription_id), "workflow_name": workflow_name}
            logger.warning("subscription_not_validated", **named, error=str(error))
