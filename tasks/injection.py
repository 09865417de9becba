"""Gives a step function its arguments: each parameter gets the state's value of that name, in the annotated type."""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

from django.utils import dateparse

from tasks.exceptions import MissingArgument, StepError

WHOLE_STATE: Final = "state"


class Injected:
    """A function that takes its arguments from a state. Its signature is read once, when it is first called."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    @functools.cached_property
    def parameters(self) -> list[tuple[str, bool, Any]]:
        """Name, whether it must be in the state, and annotation of each parameter."""
        try:
            hints = typing.get_type_hints(self.function)
        except Exception:  # an annotation that exists for type checkers only
            hints = {}
        variable = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        return [
            (parameter.name, parameter.default is inspect.Parameter.empty, hints.get(parameter.name))
            for parameter in inspect.signature(self.function).parameters.values()
            if parameter.kind not in variable
        ]

    def call(self, state: dict[str, Any], extras: Mapping[str, Any] = types.MappingProxyType({})) -> Any:
        """Call the function. `extras` are found before the state. Raises MissingArgument naming what is not there."""
        arguments: dict[str, Any] = {}
        missing: list[str] = []
        for name, required, hint in self.parameters:
            if name == WHOLE_STATE:
                arguments[name] = dict(state)
            elif name in extras:
                arguments[name] = extras[name]
            elif name in state:
                arguments[name] = state[name] if hint is None else self._typed(name, state[name], hint)
            elif required:
                missing.append(name)
        if missing:
            raise MissingArgument(self.function.__qualname__, missing)
        positional = [arguments.pop(name) for name in self._positional_only if name in arguments]
        return self.function(*positional, **arguments)

    @functools.cached_property
    def _positional_only(self) -> list[str]:
        parameters = inspect.signature(self.function).parameters.values()
        return [p.name for p in parameters if p.kind is inspect.Parameter.POSITIONAL_ONLY]

    def _typed(self, name: str, value: Any, hint: Any) -> Any:
        try:
            return typed(value, hint)
        except Exception as error:
            wanted = getattr(hint, "__name__", str(hint))
            message = f"The argument “{name}” of {self.function.__qualname__} cannot be read as {wanted}: {error}"
            raise StepError(message) from error


def typed(value: Any, hint: Any) -> Any:
    """Return a value of a JSON state in the type that `hint` asks for; what needs no change comes back as it is."""
    if value is None or hint is Any:
        return value
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _any_of(value, typing.get_args(hint))
    if origin is typing.Annotated:
        return typed(value, typing.get_args(hint)[0])
    if origin in (list, set, tuple, frozenset) and isinstance(value, list):
        inner = typing.get_args(hint)
        return origin(typed(each, inner[0]) for each in value) if inner else origin(value)
    if origin is dict and isinstance(value, dict) and typing.get_args(hint):
        keys, values = typing.get_args(hint)
        return {typed(key, keys): typed(each, values) for key, each in value.items()}
    if not isinstance(hint, type) or isinstance(value, hint):
        return value
    return _converted(value, hint)


def _any_of(value: Any, hints: tuple[Any, ...]) -> Any:
    """Return the value as it is where one of the types already fits, otherwise in the first type that takes it."""
    plain = [hint for hint in hints if isinstance(hint, type)]
    if any(isinstance(value, hint) for hint in plain):
        return value
    for hint in hints:
        try:
            return typed(value, hint)
        except Exception:  # noqa: S112  the next one may fit
            continue
    return value


def _parsed(parser: Callable[[str], Any]) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:
        found = parser(value)
        if found is None:
            raise ValueError(f"{value!r} is not in the expected form")
        return found

    return parse


_CONVERTERS: Final[dict[type, Callable[[Any], Any]]] = {
    UUID: lambda value: UUID(str(value)),
    Decimal: lambda value: Decimal(str(value)),
    datetime: _parsed(dateparse.parse_datetime),
    date: _parsed(lambda value: dateparse.parse_date(value[:10])),
    time: _parsed(dateparse.parse_time),
    timedelta: _parsed(lambda v: timedelta(seconds=v) if isinstance(v, int | float) else dateparse.parse_duration(v)),
    float: lambda value: float(value) if isinstance(value, int | str) else value,
    set: set,
    tuple: tuple,
    frozenset: frozenset,
}


def _converted(value: Any, hint: type) -> Any:
    from django.db.models import Model

    if hint in _CONVERTERS:
        return _CONVERTERS[hint](value)
    if issubclass(hint, Enum):
        return hint(value)
    if issubclass(hint, Model):
        return hint._default_manager.get(pk=value)
    return value
