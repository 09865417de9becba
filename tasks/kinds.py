"""The decorators that make a workflow of a kind: tasks, and what is done to products and subscriptions.

Plain Python, no database: what they ask for first is in `subjects.py`, and is looked up when somebody is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tasks.steps import FormSource, StepList
from tasks.targets import Target
from tasks.workflow import WorkflowFunction, done, init, workflow

Decorator = Callable[[Callable[[], StepList]], WorkflowFunction]


def task(description: str = "", initial_input_form: FormSource = None, **options: Any) -> Decorator:
    """Make a task. `init`, `additional_steps` and `done` are put around the steps."""
    return _made(Target.SYSTEM, description, initial_input_form, options)


def create_workflow(description: str = "", initial_input_form: FormSource = None, **options: Any) -> Decorator:
    """Make a workflow that creates a subscription of a product. `init` and `done` are put around the steps.

    It asks first for the product, one of those that have the workflow; `product` (its key) and `product_name` are then
    in the state, also for the form.
    """
    return _made(Target.CREATE, description, initial_input_form, options)


def modify_workflow(description: str = "", initial_input_form: FormSource = None, **options: Any) -> Decorator:
    """Make a workflow that modifies a subscription. `init` and `done` are put around the steps.

    It asks first for the subscription, one of those whose product has the workflow; `subscription_id` and `product`
    (their keys) are then in the state, also for the form.
    """
    return _made(Target.MODIFY, description, initial_input_form, options)


def terminate_workflow(description: str = "", initial_input_form: FormSource = None, **options: Any) -> Decorator:
    """Make a workflow that terminates a subscription, which it asks for as `modify_workflow` does."""
    return _made(Target.TERMINATE, description, initial_input_form, options)


def validate_workflow(description: str = "", initial_input_form: FormSource = None, **options: Any) -> Decorator:
    """Make a workflow that validates a subscription, which it asks for as `modify_workflow` does."""
    return _made(Target.VALIDATE, description, initial_input_form, options)


def reconcile_workflow(description: str = "", initial_input_form: FormSource = None, **options: Any) -> Decorator:
    """Make a workflow that reconciles a subscription with what runs; it asks for it as `modify_workflow` does."""
    return _made(Target.RECONCILE, description, initial_input_form, options)


def _made(target: Target, description: str, form: FormSource, options: dict[str, Any]) -> Decorator:
    more = options.pop("additional_steps", None) or StepList()
    options.pop("status", None)

    def compose(steps: StepList) -> StepList:
        return init >> steps >> more >> done

    def decorate(function: Callable[[], StepList]) -> WorkflowFunction:
        made = workflow(description, form, target, compose=compose, **options)(function)
        made.initial_input_form = _asking_first(made)
        return made

    return decorate


def _asking_first(made: WorkflowFunction) -> FormSource:
    """Return the workflow's form behind the page that asks what the workflow is about."""
    if made.target == Target.SYSTEM:
        return made.initial_input_form
    from tasks.subjects import ProductFirst, SubscriptionFirst

    first = ProductFirst if made.target == Target.CREATE else SubscriptionFirst
    return first(made)
