"""What task and schedule files import, with signatures and docstrings."""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
from typing import Any

from reference_pages import code, page

LANGUAGE = (
    ("Steps and workflows", "orchestrator.workflow"),
    ("Kinds of workflows", "orchestrator.workflows.utils"),
    ("Forms", "orchestrator.forms"),
    ("Registration", "orchestrator.workflows"),
    ("Rows", "orchestrator.migrations.operations"),
    ("Starting and steering", "orchestrator.services.processes"),
    ("Schedules in code", "orchestrator.schedules.scheduler"),
    ("Predicates", "orchestrator.workflows.predicates"),
    ("Errors", "orchestrator.utils.errors"),
    ("Types, targets, assignees", "orchestrator.types", "orchestrator.targets", "orchestrator.config.assignee"),
    ("Models", "orchestrator.db"),
    ("Tests", "orchestrator.testing"),
)


@page("The language of tasks")
def language() -> str:
    text = ("Everything that task and schedule files import; other modules may change without notice. "
            "[Writing tasks](../authoring.md) shows them at work.\n")  # fmt: skip
    for title, *modules in LANGUAGE:
        text += f"\n## {title}\n"
        for module in map(importlib.import_module, modules):
            text += f"\n`from {module.__name__} import …`\n\n"
            text += "\n".join(_entry(name, getattr(module, name)) for name in module.__all__)
    return text


def _entry(name: str, value: Any) -> str:
    """Return the name, how it is called, and its docstring."""
    if name == "scheduler":
        name, value = "scheduler.scheduled_job", value.scheduled_job
    called = f"`{name}{_signature(value)}`\n\n" if inspect.isroutine(value) else ""
    ours = called or (inspect.isclass(value) and value.__module__ != "builtins")
    documentation = (inspect.getdoc(value) if ours else _attribute_doc(name)) or ""
    if "tasks.models" in getattr(value, "__module__", ""):
        documentation = documentation.split("\n\n")[0] + "\n\nFields: " + _fields(value)
    if hasattr(value, "__members__"):
        called = f"One of {', '.join(map(code, value.__members__))}.\n\n"
    return f"### {name}\n\n{called}{documentation}".rstrip() + "\n"


def _fields(model: Any) -> str:
    return ", ".join(code(each.name) for each in model._meta.fields) + "."


def _signature(function: Any) -> str:
    """Return a function's parameters, without annotations: the docstring says what they are."""
    names, starred = [], False
    for each in inspect.signature(function).parameters.values():
        if each.name == "self":
            continue
        if each.kind is each.KEYWORD_ONLY and not starred:
            names.append("*")
            starred = True
        stars = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        starred = starred or stars == "*"
        default = "" if each.default is each.empty else f"={each.default!r}"
        names.append(f"{stars}{each.name}{default}")
    return f"({', '.join(names)})"


def _attribute_doc(name: str) -> str:
    """Return the string that stands below an assignment in the module where a name comes from."""
    for module in ("tasks.workflow", "tasks.types"):
        body = ast.parse(inspect.getsource(importlib.import_module(module))).body
        for assignment, below in itertools.pairwise(body):
            targets = getattr(assignment, "targets", [getattr(assignment, "target", None)])
            if any(getattr(target, "id", "") == name for target in targets) and isinstance(below, ast.Expr):
                return str(getattr(below.value, "value", ""))
    return ""
