"""The language in which workflows are written: steps, what joins them, and what makes a workflow of them.

Plain Python, no database. What the words mean when a process runs is in `engine.py`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tasks.assignee import Assignee
from tasks.statuses import ProcessStatus
from tasks.steps import Authorizer, Condition, FormSource, Kind, Lens, Predicate, Step, StepList
from tasks.synchronous import refuse_async
from tasks.targets import Target
from tasks.types import State

__all__ = [
    "Assignee", "Authorizer", "Kind", "PredicateContext", "ProcessStatus", "RunPredicate", "RunPredicateFail",
    "RunPredicatePass", "Step", "StepList", "Target", "WorkflowFunction", "abort", "begin", "callback_step",
    "conditional", "done", "focussteps", "foreach_step", "init", "inputstep", "retrystep", "step", "step_group",
    "steplens", "workflow",
]  # fmt: skip

StepFunction = Callable[..., Any]

begin = StepList()
"""Nothing yet: the start of a list of steps."""
init = StepList([Step("Start", Kind.PASS)])
"""The start of a workflow."""
done = StepList([Step("Done", Kind.DONE)])
"""The end: the process is completed."""
abort = StepList([Step("Abort", Kind.ABORT)])
"""The end: the process is aborted."""


def step(name: str, *, retry_auth_callback: Authorizer | None = None) -> Callable[[StepFunction], Step]:
    """Make a step of a function.

    Its parameters are taken from the state by name, in the annotated type; `state` is the whole state. It returns a
    dict to be merged into the state, or None. What it writes to the database commits together with its result, or not
    at all. An exception fails the process at this step; a retry calls the function again.
    """
    return lambda function: Step(name, function=function, retry_auth=retry_auth_callback)


def retrystep(name: str, *, retry_auth_callback: Authorizer | None = None) -> Callable[[StepFunction], Step]:
    """Make a step that is tried again by itself, later and later, when its function raises."""
    return lambda function: Step(name, function=function, retries=True, retry_auth=retry_auth_callback)


def inputstep(
    name: str,
    assignee: Assignee,
    *,
    resume_auth_callback: Authorizer | None = None,
    retry_auth_callback: Authorizer | None = None,
) -> Callable[[FormSource], Step]:
    """Make a step at which the process waits until somebody has filled in a form.

    The decorated function is the form: it returns a Form class, or is a generator that yields Form classes and returns
    what enters the state. It runs in the web process and must not change anything.
    """
    return lambda form: Step(
        name,
        Kind.INPUT,
        form=form,
        assignee=assignee,
        resume_auth=resume_auth_callback,
        retry_auth=retry_auth_callback,
    )


def step_group(name: str, steps: Step | StepList, *, retry_auth_callback: Authorizer | None = None) -> Step:
    """Make one step of several. Each commits by itself; a retry continues inside, at the one that failed."""
    return Step(name, Kind.GROUP, steps=_flattened(_listed(steps)), retry_auth=retry_auth_callback)


def foreach_step(name: str, over: str, do: Step | StepList, *, key: str | None = None) -> Step:
    """Make a step that does `do` once for each item of the state's list `over`, in order.

    The steps see the state plus `item` and `index`. What they return is collected in order, one dict an item, under
    `key` (the step's name by default). An item that fails leaves the others' results intact: they are all tried, and a
    retry does again only what failed.
    """
    return Step(name, Kind.FOREACH, steps=_flattened(_listed(do)), over=over, key=key or name)


def callback_step(
    name: str,
    action_step: Step,
    validate_step: Step | None = None,
    *,
    result_key: str = "callback_result",
    callback_route_key: str = "callback_route",
    timeout: float | None = None,
    retry_auth_callback: Authorizer | None = None,
) -> Step:
    """Make a step that asks another system for something and waits until that calls back.

    `action_step` finds the secret route to be called in the state, under `callback_route_key`. What is posted there
    enters the state under `result_key`, and `validate_step` judges it. Without a call within `timeout` seconds the
    process fails; retrying it makes a new route and runs `action_step` again.
    """
    route = Step("Create callback route", Kind.ROUTE, route_key=callback_route_key)
    wait = Step("Await callback", Kind.AWAIT, key=result_key, timeout=timeout, route_key=callback_route_key)
    steps = StepList([route, action_step, wait, *([validate_step] if validate_step else [])])
    return Step(name, Kind.GROUP, steps=steps, retry_auth=retry_auth_callback)


def conditional(predicate: Predicate) -> Callable[[Step | StepList], StepList]:
    """Return a wrapper for steps that are skipped, each by itself, where `predicate(state)` does not hold."""
    return lambda steps: _listed(steps).map(lambda each: each.wrapped(Condition(predicate)))


def steplens(
    get: Callable[[State], State], set: Callable[[State], Callable[[State], State]]
) -> Callable[[Step | StepList], Any]:
    """Return a wrapper that shows `get(state)` to a step and makes `set(state)(result)` the state after it."""

    def wrap(steps: Step | StepList) -> Step | StepList:
        if isinstance(steps, Step):
            return steps.wrapped(Lens(get, set))
        return _listed(steps).map(lambda each: each.wrapped(Lens(get, set)))

    return wrap


def focussteps(key: str) -> Callable[[Step | StepList], StepList]:
    """Return a wrapper for steps that work on the part `key` of the state only."""
    zoom = steplens(lambda state: state.get(key) or {}, lambda state: lambda part: {**state, key: part})
    return lambda steps: StepList(zoom(_listed(steps)))


@dataclass(frozen=True)
class RunPredicatePass:
    """A workflow may run now."""


@dataclass(frozen=True)
class RunPredicateFail:
    """A workflow may not run now; `message` says why."""

    message: str = ""


@dataclass(frozen=True)
class PredicateContext:
    """What a run predicate judges: which workflow is about to be started, by whom, with what."""

    workflow: WorkflowFunction
    user_inputs: list[dict[str, Any]] = field(default_factory=list)
    state: State = field(default_factory=dict)
    user: Any = None

    @property
    def workflow_name(self) -> str:
        return self.workflow.name

    workflow_key = workflow_name


RunPredicate = Callable[[PredicateContext], RunPredicatePass | RunPredicateFail]


@dataclass(eq=False)
class WorkflowFunction:
    """A workflow: its steps and how to treat its processes. `name` is the function's, and the row's in the database."""

    function: Callable[[], StepList]
    description: str = ""
    target: Target = Target.SYSTEM
    initial_input_form: FormSource = None
    authorize_callback: Authorizer | None = None
    retry_auth_callback: Authorizer | None = None
    run_predicate: RunPredicate | None = None
    queue: str = "default"
    priority: int = 0
    lock: Callable[[State], Any] | None = None
    limit: int | None = None
    compose: Callable[[StepList], StepList] = field(default=lambda steps: steps, repr=False)

    def __post_init__(self) -> None:
        self.name = self.function.__name__
        refuse_async(self.function, f"the workflow {self.name}")
        refuse_async(self.initial_input_form, f"the form of {self.name}")
        refuse_async(self.run_predicate, f"the predicate of {self.name}")
        refuse_async(self.lock, f"the lock of {self.name}")
        functools.update_wrapper(self, self.function)

    @functools.cached_property
    def steps(self) -> StepList:
        """The steps, made once, when they are first needed. Raises TypeError where the function returns no StepList."""
        steps = self.function()
        if not isinstance(steps, StepList | Step):
            raise TypeError(f"{self.name} returned {type(steps).__name__}; a workflow returns steps joined with >>.")
        return self.compose(_listed(steps))

    @property
    def is_task(self) -> bool:
        return self.target == Target.SYSTEM

    def __call__(self) -> StepList:
        raise TypeError(f"{self.name} is a workflow. It is not called but started: start_process({self.name!r}).")


def workflow(
    description: str = "",
    initial_input_form: FormSource = None,
    target: Target = Target.SYSTEM,
    *,
    authorize_callback: Authorizer | None = None,
    retry_auth_callback: Authorizer | None = None,
    run_predicate: RunPredicate | None = None,
    queue: str | None = None,
    priority: int = 0,
    lock: Callable[[State], Any] | None = None,
    limit: int | None = None,
    compose: Callable[[StepList], StepList] | None = None,
) -> Callable[[Callable[[], StepList]], WorkflowFunction]:
    """Make a workflow of a function that returns its steps.

    `authorize_callback(user)` and `retry_auth_callback(user)` narrow down who may start and who may retry.
    `run_predicate(context)` is asked before a process is made. `queue` and `priority` (higher goes first) are the
    queue's; `lock(state)` names a resource that only one process holds at a time; no more than `limit` processes of
    this workflow run at once. `compose` adds what every workflow of a kind has around its own steps.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit is {limit}: at least one process must be able to run")
    return lambda function: WorkflowFunction(
        function,
        description or (inspect.getdoc(function) or "").partition("\n")[0],
        Target(target),
        initial_input_form,
        authorize_callback,
        retry_auth_callback,
        run_predicate,
        queue or "default",
        priority,
        lock,
        limit,
        compose or (lambda steps: steps),
    )


def _listed(steps: Step | StepList) -> StepList:
    return steps if isinstance(steps, StepList) else begin >> steps


def _flattened(steps: StepList) -> StepList:
    """Return the steps with groups inside them dissolved, where that changes nothing."""
    flat: list[Step] = []
    for each in steps:
        if each.kind is Kind.GROUP and not each.wrappers:
            flat.extend(each.steps)
        else:
            flat.append(each)
    return StepList(flat)
