# schedules/node_enrollment.py

import structlog

from orchestrator.db import Subscription
from orchestrator.schedules.scheduler import scheduler
from orchestrator.services.processes import start_process

logger = structlog.get_logger(__name__)


@scheduler(name="Node enrollment", time_unit="day", at="00:10")
def run_node_enrollment() -> None:
    subs = Subscription.objects.filter(
        description__startswith="Node", description__endswith="Provisioned"
    )
    logger.info("Node schedule subs", subs=subs)

    for sub in subs:
        sub_id = sub.subscription_id
        logger.info("Validate node enrollment", sub_id=sub_id)
        start_process("validate_node_enrollment", [{"subscription_id": sub_id}])

    start_process("task_sync_from")
