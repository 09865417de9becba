"""Finds the functions that are decorated as workflows by reading source files, without running them.

So a workflow that nobody registered, or whose file does not import, can still be told by name and line.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.apps import AppConfig, apps

from tasks.applications import orchestrator_apps

DECORATORS = {"workflow", "task", "create_workflow", "modify_workflow", "terminate_workflow", "validate_workflow"}
NOT_READ = {"migrations", "tests", "management"}


@dataclass(frozen=True)
class Definition:
    """A decorated function: `description` is the decorator's text, "" when it has none."""

    name: str
    module: str
    file: Path
    line: int
    description: str
    app: AppConfig


def definitions() -> dict[str, Definition]:
    """Return every workflow function of this application's `workflows` and of ORCHESTRATOR_APPS, by name."""
    own = apps.get_app_config("tasks")
    found = list(_in_folder(own, Path(own.path) / "workflows"))
    for config in orchestrator_apps():
        found += _in_folder(config, Path(config.path))
    return {definition.name: definition for definition in reversed(found)}


def registering_module(app: AppConfig) -> tuple[Path, str]:
    """Return the file where `app` registers its workflows, and the package that relative modules there start from."""
    spec = importlib.util.find_spec(f"{app.name}.workflows")
    if spec is not None and spec.origin and not spec.submodule_search_locations:
        return Path(spec.origin), app.name
    return Path(app.path) / "workflows" / "__init__.py", f"{app.name}.workflows"


def registration_line(definition: Definition) -> str:
    """Return the line that registers `definition` in its application's `workflows` module."""
    _file, anchor = registering_module(definition.app)
    module = definition.module
    if module.startswith(f"{anchor}."):
        module = module[len(anchor) :]
    elif module.startswith(f"{definition.app.name}.") and anchor != definition.app.name and module != anchor:
        module = f".{module[len(definition.app.name) :]}"
    return f'LazyWorkflowInstance("{module}", "{definition.name}")'


def _in_folder(app: AppConfig, folder: Path) -> Iterator[Definition]:
    for file in sorted(folder.rglob("*.py")):
        inside = file.relative_to(app.path)
        if NOT_READ.isdisjoint(inside.parts[:-1]):
            module = ".".join((app.name, *inside.with_suffix("").parts)).removesuffix(".__init__")
            for name, line, description in _decorated(file, file.stat().st_mtime_ns):
                yield Definition(name, module, file, line, description, app)


@functools.lru_cache(maxsize=1024)
def _decorated(file: Path, _changed_at: int) -> tuple[tuple[str, int, str], ...]:
    """Return name, line and description of the workflow functions of `file`; none where it is no valid Python."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ()
    return tuple(
        (node.name, node.lineno, _description(decorator))
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if _called(decorator) in DECORATORS
    )


def _called(decorator: ast.expr) -> str:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def _description(decorator: ast.expr) -> str:
    """Return the decorator's first argument, or its `description`, where that is plain text."""
    if not isinstance(decorator, ast.Call):
        return ""
    given = [*decorator.args[:1], *(word.value for word in decorator.keywords if word.arg == "description")]
    return next((node.value for node in given if isinstance(node, ast.Constant) and isinstance(node.value, str)), "")
