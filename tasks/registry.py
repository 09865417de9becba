"""Which workflows there are in code: each is named when its application is loaded and imported when first needed.

An application registers a workflow with `LazyWorkflowInstance` in its `workflows` module. A module that cannot be
imported takes nothing else down: what went wrong is kept, told by `import_errors()` and raised to whoever asks for it.

Threads: loading happens once, under a lock; afterwards the registry is only read.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import structlog

from tasks.applications import app_modules
from tasks.exceptions import UnknownWorkflow, WorkflowImportError
from tasks.labels import Labels, has_label, label, labels
from tasks.workflow import WorkflowFunction

__all__ = [
    "ImportFailure",
    "Labels",
    "LazyWorkflowInstance",
    "app_modules",
    "autodiscover",
    "get_workflow",
    "has_label",
    "import_errors",
    "label",
    "labels",
    "registered",
]

logger = structlog.get_logger(__name__)

SHIPPED = "tasks.workflows"


@dataclass(frozen=True)
class ImportFailure:
    """A part of the code that cannot be used. `workflow_name` is empty when a whole `workflows` module failed."""

    workflow_name: str
    module: str
    file: str
    message: str


class LazyWorkflowInstance:
    """A workflow by the module and the name of its function; making one registers it.

    `package` is the module that holds the function: absolute, or relative (".tasks.nightly_sync") to the package that
    registers it. With `is_callable` the function is called and returns the workflow. `replaces` tells whether it stands
    in for a shipped workflow of the same name.
    """

    def __init__(self, package: str, function: str, is_callable: bool = False) -> None:
        importer = sys._getframe(1).f_globals
        self.registered_in = str(importer.get("__name__", ""))
        self.module = importlib.util.resolve_name(package, str(importer.get("__package__") or ""))
        self.function = function
        self.is_callable = is_callable
        self.replaces = False
        self._workflow: WorkflowFunction | None = None
        _registry.add(self)

    def __repr__(self) -> str:
        return f"LazyWorkflowInstance({self.module!r}, {self.function!r})"

    @property
    def name(self) -> str:
        """The name of the workflow everywhere: its function's."""
        return self.function

    def load(self) -> WorkflowFunction:
        """Import and return the workflow. Raises WorkflowImportError, and tries again at the next call."""
        if self._workflow is None:
            try:
                self._workflow = self._imported()
            except Exception as error:
                raise WorkflowImportError(self.name, self.module, source_file(self.module), error) from error
            self._workflow.name = self.name
        return self._workflow

    def _imported(self) -> WorkflowFunction:
        found = getattr(importlib.import_module(self.module), self.function)
        if self.is_callable and not isinstance(found, WorkflowFunction):
            found = found()
        if not isinstance(found, WorkflowFunction):
            raise TypeError(f"{self.function} is not a workflow: decorate it with @workflow")
        return found


class _Registry:
    """The workflows registered so far, and what went wrong meanwhile."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.loaded = False
        self.workflows: dict[str, LazyWorkflowInstance] = {}
        self.failures: dict[str, ImportFailure] = {}

    def add(self, instance: LazyWorkflowInstance) -> None:
        """Register `instance`. It replaces a shipped one of its name; otherwise the first of a name stays."""
        with self.lock:
            first = self.workflows.setdefault(instance.name, instance)
            if first.registered_in == SHIPPED and instance.registered_in != SHIPPED:
                self.workflows[instance.name] = instance
                instance.replaces = True
            elif first.module != instance.module:
                self.fail(f"{instance.name} in {instance.module}", _duplicate(first, instance))

    def fail(self, key: str, failure: ImportFailure) -> None:
        self.failures[key] = failure
        logger.error("workflow_import_failed", **vars(failure))


def _duplicate(first: LazyWorkflowInstance, second: LazyWorkflowInstance) -> ImportFailure:
    message = (
        f"{first.name} is registered already, from {first.module}. Give the one from {second.module} another name."
    )
    return ImportFailure(second.name, second.module, source_file(second.registered_in), message)


_registry = _Registry()


def registered() -> dict[str, LazyWorkflowInstance]:
    """Return every registered workflow by name, loading the applications' `workflows` modules first."""
    autodiscover()
    return dict(_registry.workflows)


def get_workflow(name: str) -> WorkflowFunction:
    """Return the workflow `name`. Raises UnknownWorkflow, or WorkflowImportError naming workflow and file."""
    autodiscover()
    if name not in _registry.workflows:
        raise UnknownWorkflow(name)
    return _registry.workflows[name].load()


def import_errors() -> list[ImportFailure]:
    """Return what cannot be used: `workflows` modules, names registered twice, and workflows that do not import."""
    autodiscover()
    failures = list(_registry.failures.values())
    for instance in registered().values():
        try:
            instance.load()
        except WorkflowImportError as error:
            failures.append(ImportFailure(instance.name, instance.module, error.file, str(error)))
    return failures


def autodiscover() -> None:
    """Import the `workflows` modules of this application and of ORCHESTRATOR_APPS, once."""
    with _registry.lock:
        if _registry.loaded:
            return
        _registry.loaded = True
        for _app, module in app_modules("workflows"):
            try:
                importlib.import_module(module)
            except Exception as error:  # whatever an author's module raises, the others go on
                message = f"{type(error).__name__}: {error}"
                _registry.fail(module, ImportFailure("", module, source_file(module), message))


def source_file(module: str) -> str:
    """Return the file of `module` as far as it can be told without running it, otherwise the module's name."""
    loaded = sys.modules.get(module)
    if loaded is not None and getattr(loaded, "__file__", None):
        return str(loaded.__file__)
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, AttributeError, ValueError):
        spec = None
    return str(Path(spec.origin)) if spec is not None and spec.origin else module
