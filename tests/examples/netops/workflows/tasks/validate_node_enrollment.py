# workflows/tasks/validate_node_enrollment.py

import structlog
from django import forms

from orchestrator.db import Subscription
from orchestrator.forms import FormPage
from orchestrator.targets import Target
from orchestrator.types import State, UUIDstr
from orchestrator.workflow import StepList, done, init, step, workflow

logger = structlog.get_logger(__name__)


class NodeForm(FormPage):
    subscription_id = forms.UUIDField(label="Subscription")


@step("Check enrollment")
def check_enrollment(subscription_id: UUIDstr) -> State:
    subscription = Subscription.objects.get(pk=subscription_id)
    logger.info("Node is enrolled", description=subscription.description)
    return {"enrolled": subscription.description}


@workflow("Validate node enrollment", target=Target.SYSTEM, initial_input_form=NodeForm)
def validate_node_enrollment() -> StepList:
    return init >> check_enrollment >> done
