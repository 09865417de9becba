"""What a workflow consists of: steps, and lists of them joined by `>>`. Plain data, no database.

A `Step` says what is to be done; `engine.py` does it. Wrappers (`when`, `through`) are kept in the order in which they
apply, so that conditions and lenses nest and a wrapped step keeps its form, assignee and authorisation.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, NoReturn, SupportsIndex, overload

from tasks.assignee import Assignee
from tasks.injection import Injected
from tasks.synchronous import refuse_async
from tasks.types import State

Predicate = Callable[[State], bool]
Authorizer = Callable[[Any], bool | Awaitable[bool]]
FormSource = Any


class Kind(Enum):
    """What the engine does when a step's turn comes."""

    FUNCTION = "function"
    PASS = "pass"  # noqa: S105
    DONE = "done"
    ABORT = "abort"
    INPUT = "input"
    GROUP = "group"
    FOREACH = "foreach"
    ROUTE = "route"
    AWAIT = "await"


@dataclass(frozen=True)
class Condition:
    """Runs what it wraps only where `holds(state)`; otherwise the step is recorded as skipped."""

    holds: Predicate

    def __post_init__(self) -> None:
        refuse_async(self.holds, "the condition of a step")


@dataclass(frozen=True)
class Lens:
    """Shows a part of the state to what it wraps, and puts the result back into its place."""

    get: Callable[[State], State]
    put: Callable[[State], Callable[[State], State]]


@dataclass(frozen=True, eq=False)
class Step:
    """One step. `name` is what people see, what is recorded, and what a process finds its place by."""

    name: str
    kind: Kind = Kind.FUNCTION
    function: Callable[..., Any] | None = None
    retries: bool = False
    form: FormSource = None
    assignee: Assignee = Assignee.SYSTEM
    resume_auth: Authorizer | None = None
    retry_auth: Authorizer | None = None
    steps: StepList = field(default_factory=lambda: StepList())
    over: str = ""
    key: str = ""
    route_key: str = ""
    timeout: float | None = None
    wrappers: tuple[Condition | Lens, ...] = ()
    injected: Injected | None = None

    def __post_init__(self) -> None:
        refuse_async(self.function, f"the function of the step “{self.name}”")
        refuse_async(self.form, f"the form of the step “{self.name}”")
        if self.function is not None and self.injected is None and self.kind is Kind.FUNCTION:
            object.__setattr__(self, "injected", Injected(self.function))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Step):
            return NotImplemented
        mine, theirs = (
            (s.name, s.kind, s.function, s.retries, s.form, s.steps, s.over, s.key, s.wrappers) for s in (self, other)
        )
        return mine == theirs

    def __hash__(self) -> int:
        return hash((self.name, self.kind))

    def __rshift__(self, other: Step | StepList) -> StepList:
        return StepList([self]) >> other

    def __rrshift__(self, other: object) -> NoReturn:
        raise _refusal(other)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Step({self.name!r})"

    def __call__(self, state: State | None = None, **more: Any) -> State:
        """Run the step's function on a state, as an author's own tests want to, and return the state after it."""
        if self.injected is None:
            raise TypeError(f"The step {self.name!r} has no function of its own to call.")
        before = {**(state or {}), **more}
        return merged(before, self.injected.call(before), self.name)

    def wrapped(self, wrapper: Condition | Lens) -> Step:
        """Return this step with `wrapper` around it."""
        return replace(self, wrappers=(wrapper, *self.wrappers))

    def view(self, state: State) -> tuple[bool, State]:
        """Return whether the step is to run on `state`, and the part of it that it gets to see."""
        for wrapper in self.wrappers:
            if isinstance(wrapper, Lens):
                state = wrapper.get(state)
            elif not wrapper.holds(state):
                return False, state
        return True, state

    def restored(self, state: State, view: State) -> State:
        """Return `state` with `view`, the step's own part of it, put back: the opposite of `view()`."""
        parts, puts = [state], []
        for wrapper in self.wrappers:
            if isinstance(wrapper, Lens):
                puts.append(wrapper.put(parts[-1]))
                parts.append(wrapper.get(parts[-1]))
        for put in reversed(puts):
            view = put(view)
        return view


class StepList(list[Step]):
    """Steps to be done one after the other. `>>` is associative; a slice is a StepList too."""

    def __init__(self, steps: Iterable[Step] = ()) -> None:
        super().__init__(steps)
        for step in self:
            if not isinstance(step, Step):
                raise _refusal(step)

    def __rshift__(self, other: Step | StepList) -> StepList:
        if isinstance(other, Step):
            return StepList([*self, other])
        if isinstance(other, StepList):
            return StepList([*self, *other])
        raise _refusal(other)

    def __rrshift__(self, other: object) -> NoReturn:
        raise _refusal(other)

    @overload
    def __getitem__(self, place: SupportsIndex) -> Step: ...
    @overload
    def __getitem__(self, place: slice) -> StepList: ...
    def __getitem__(self, place: SupportsIndex | slice) -> Step | StepList:
        found = super().__getitem__(place)
        return StepList(found) if isinstance(found, list) else found

    def map(self, function: Callable[[Step], Step]) -> StepList:
        """Return the list of what `function` makes of each step."""
        return StepList(map(function, self))

    def __str__(self) -> str:
        return f"StepList [{', '.join(step.name for step in self)}]"

    __repr__ = __str__


def merged(state: State, result: Any, name: str) -> State:
    """Return `state` with what a step returned: a mapping, or None for nothing new. Raises TypeError otherwise."""
    if result is None:
        return state
    if not isinstance(result, dict):
        raise TypeError(f"The step “{name}” returned {type(result).__name__}; a step returns a dict, or None.")
    return {**state, **result}


def _refusal(other: object) -> TypeError:
    name = getattr(other, "__name__", None)
    what = f"{type(other).__name__} “{name}”" if name else f"{type(other).__name__} {other!r}"
    hint = f" Decorate it: @step(…) above def {name}." if callable(other) and name else ""
    return TypeError(f"Only steps and lists of steps can be joined with >>; this is {what}.{hint}")
