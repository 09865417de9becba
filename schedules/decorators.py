"""Schedules declared in code: `@scheduler.scheduled_job(...)`, and the old `@scheduler(name=, time_unit=, ...)`.

Declaring only writes down what is meant, in this process's memory. It touches no database and starts nothing, so that
web and worker processes may import schedule files as they like; `runscheduler` turns declarations into rows when it
starts (`reconcile.py`). `schedules.jobs` and the `schedules` module of each app of ORCHESTRATOR_APPS are found by
themselves; what one of them breaks stays its own.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import threading
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any, TypeVar

import structlog
from django.conf import settings

from schedules.exceptions import DuplicateJob
from schedules.policies import declared_policies
from tasks.synchronous import refuse_async

logger = structlog.get_logger(__name__)
Function = TypeVar("Function", bound=Callable[..., Any])

# Earlier versions wanted every schedule listed here. Listing one still does no harm.
ALL_SCHEDULERS: list[Callable[..., Any]] = []

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
UNITS = ("second", "minute", "hour", "day", "week")


@dataclass(frozen=True)
class Declaration:
    """One scheduled function as its decorator described it."""

    job_id: str
    name: str
    function: Callable[..., Any]
    trigger: Any
    trigger_fields: Mapping[str, Any]
    policies: Mapping[str, Any] = field(default_factory=dict)
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Module and name of the function: stored and shown, never used to import anything."""
        return f"{self.function.__module__}.{self.function.__qualname__}"

    @property
    def shipped(self) -> bool:
        """Whether it comes with the product and not from a user's app."""
        return self.function.__module__.startswith("schedules.jobs.")

    @property
    def source_file(self) -> str:
        """File of the function, from the project's folder where it lies inside."""
        file = Path(inspect.getsourcefile(inspect.unwrap(self.function)) or "")
        return str(file.relative_to(settings.BASE_DIR)) if file.is_relative_to(settings.BASE_DIR) else str(file)

    @property
    def constants(self) -> set[str]:
        """Every string that stands in the function's code, or in a global name that it uses."""
        function = inspect.unwrap(self.function)
        code = getattr(function, "__code__", None)
        return _strings(code, getattr(function, "__globals__", {}))

    def call(self) -> None:
        """Call the function with the arguments that it was declared with."""
        self.function(*self.args, **self.kwargs)


def _strings(constant: object, names: Mapping[str, object]) -> set[str]:
    """Return the strings in a constant, which may be code or hold further constants."""
    if isinstance(constant, str):
        return {constant}
    if isinstance(constant, tuple | frozenset):
        return set().union(*(_strings(inner, names) for inner in constant))
    if isinstance(constant, CodeType):
        used = tuple(value for name in constant.co_names if isinstance(value := names.get(name), str))
        return _strings((*constant.co_consts, *used), names)
    return set()


class Declarations:
    """The object `scheduler` of schedule files."""

    def __init__(self) -> None:
        self._declared: dict[str, Declaration] = {}

    def scheduled_job(
        self,
        trigger: Any,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        id: str | None = None,
        name: str | None = None,
        **options: Any,
    ) -> Callable[[Function], Function]:
        """Declare that the decorated function is called whenever `trigger` is due.

        `trigger` is interval, cron, date, calendarinterval, and, or; the trigger's own arguments follow as keywords,
        as APScheduler has them. Policies too: `misfire_grace_time` (seconds), `coalesce`, `max_instances`, or by our
        names `misfire_grace`, `catch_up`, `catch_up_limit`, `overlap`; what is left out is as on the page and by the
        API: a run may overlap the previous one, the latest of missed times is made up for, late is after 60 s. Without
        `id` the function's name is the id. An async function is refused with a TypeError: nobody would await it.
        """
        policies, trigger_fields = declared_policies(options)

        def declare(function: Function) -> Function:
            refuse_async(function, f"the function of the schedule {id or function.__name__}")
            self._add(
                Declaration(
                    job_id=id or function.__name__,
                    name=name or id or function.__name__,
                    function=function,
                    trigger=trigger,
                    trigger_fields=trigger_fields,
                    policies=policies,
                    args=tuple(args or ()),
                    kwargs=dict(kwargs or {}),
                )
            )
            return function

        return declare

    def __call__(
        self, name: str, time_unit: str, period: int = 1, at: str | None = None
    ) -> Callable[[Function], Function]:
        """Declare in the old form, such as `@scheduler(name="Nightly sync", time_unit="day", at="00:10")`."""
        warnings.warn(
            "scheduler(name=, time_unit=, period=, at=) is deprecated: "
            "use scheduler.scheduled_job(id=, name=, trigger=, ...).",
            DeprecationWarning,
            stacklevel=2,
        )
        trigger, fields = from_old_form(time_unit, period, at)
        return self.scheduled_job(trigger, name=name, **fields)

    def _add(self, declaration: Declaration) -> None:
        earlier = self._declared.get(declaration.job_id)
        if earlier is not None and earlier.path != declaration.path:
            # A user's job takes the place of the shipped one with the same id, whichever is imported first.
            if declaration.shipped:
                return
            if not earlier.shipped:
                raise DuplicateJob(declaration.job_id, earlier.path, declaration.path)
        self._declared[declaration.job_id] = declaration

    def all(self) -> dict[str, Declaration]:
        """Return what has been declared so far, by job id."""
        return dict(self._declared)

    def forget(self, job_id: str) -> None:
        """Take back a declaration, as a test or an interactive session may want to."""
        self._declared.pop(job_id, None)


scheduler = Declarations()


def from_old_form(time_unit: str, period: int = 1, at: str | None = None) -> tuple[str, dict[str, Any]]:
    """Translate the old decorator's arguments into a trigger's name and fields; ValueError says what is wrong."""
    unit = time_unit.lower().removesuffix("s")
    clock = _clock(unit, at)
    if unit in WEEKDAYS:
        return "cron", {"day_of_week": unit[:3], "hour": 0, "minute": 0, **clock}
    if unit not in UNITS:
        raise ValueError(f"time_unit {time_unit!r} is unknown; use one of {', '.join((*UNITS, *WEEKDAYS))}.")
    if not clock:
        return "interval", {f"{unit}s": period}
    if unit == "day" and period == 1:
        return "cron", {"hour": 0, "minute": 0, **clock}
    if unit in {"day", "week"}:
        return "calendarinterval", {f"{unit}s": period, **clock}
    if period == 1:
        return "cron", clock
    raise ValueError(f"at={at!r} needs a period of 1 when time_unit is {time_unit!r}.")


def _clock(unit: str, at: str | None) -> dict[str, int]:
    """Read `at`: HH:MM[:SS] of a day, [:]MM[:SS] past an hour, :SS past a minute."""
    if at is None:
        return {}
    names = {"second": [], "minute": ["second"], "hour": ["minute", "second"]}.get(unit, ["hour", "minute", "second"])
    parts = at.strip(":").split(":")
    if len(parts) > len(names) or not all(part.isdecimal() for part in parts):
        raise ValueError(f"at={at!r} does not fit time_unit {unit!r}; use HH:MM for days, :MM for hours.")
    return {name: int(part) for name, part in zip(names, parts, strict=False)}


# Modules beside schedule files that declare none.
NOT_SCHEDULES = ("test_", "tests", "conftest", "_")
_discovery = threading.Lock()
_errors: dict[str, str] | None = None


def autodiscover() -> dict[str, str]:
    """Import every schedule file once; return the tracebacks of those that failed, by module name."""
    global _errors
    with _discovery:
        if _errors is None:
            _errors = {}
            for module in ["schedules.jobs", *(f"{_app(app)}.schedules" for app in settings.ORCHESTRATOR_APPS)]:
                _import(module, _errors)
        return dict(_errors)


def _app(name: str) -> str:
    """Return the package of an entry of ORCHESTRATOR_APPS, which may be the path of its configuration class."""
    return name.split(".apps.")[0]


def _import(name: str, errors: dict[str, str]) -> None:
    try:
        if importlib.util.find_spec(name) is None:
            return
        module = importlib.import_module(name)
    except Exception:
        errors[name] = traceback.format_exc()
        logger.exception("schedule_file_broken", module=name)
        return
    for _finder, child, _is_package in pkgutil.iter_modules(getattr(module, "__path__", [])):
        if not child.startswith(NOT_SCHEDULES):
            _import(f"{name}.{child}", errors)
