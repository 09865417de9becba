"""Writes docs/reference/*.md from the code: python docs/generate.py, or with --check to see that nothing would change.

Each page is a function that returns Markdown. Nothing here is known that the code does not say.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import os
import sys
import textwrap
from argparse import SUPPRESS, ArgumentParser, _SubParsersAction
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ["DJANGO_SETTINGS_MODULE"] = "orchestrator_admin.settings"
os.environ["ORCHESTRATOR_APPS"] = ""

import django  # noqa: E402  settings are named above

PAGES: dict[str, Callable[[], str]] = {}
FOLDER = ROOT / "docs" / "reference"


def page(title: str) -> Callable[[Callable[[], str]], Callable[[], str]]:
    """Make a page of a function that returns what stands under the title."""

    def add(function: Callable[[], str]) -> Callable[[], str]:
        PAGES[f"{function.__name__.replace('_', '-')}.md"] = lambda: f"# {title}\n\n{function().strip()}\n"
        return function

    return add


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *([str(cell).replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def wrapped(text: str) -> str:
    """Break long lines of prose, as hand-written pages have them; tables, headings and lists stay."""
    return "\n".join(
        textwrap.fill(line, 120, break_long_words=False, break_on_hyphens=False) if line[:1] not in "|#`-" else line
        for line in text.split("\n")
    )


def code(value: object) -> str:
    return f"`{value}`"


@page("Settings")
def settings() -> str:
    from orchestrator_admin.variables import GROUPS

    text = ("All settings come from environment variables. One that is set to nothing counts as unset; a wrong value "
            "stops the program with one sentence.\n")  # fmt: skip
    for name, variables in GROUPS.items():
        rows = ((code(each.name), each.default, each.meaning) for each in variables)
        text += f"\n## {name}\n\n{table(('variable', 'unset', 'meaning'), rows)}"
    return text


@page("Commands")
def commands() -> str:
    from django.core.management import get_commands, load_command_class

    ours = {name: app for name, app in get_commands().items() if app in {"accounts", "tasks", "schedules"}}
    text = ("`python manage.py NAME` in a clone, `orchestrator-admin NAME` where the wheel is installed. Each knows "
            "`--help`, `--settings`, `--verbosity` and the other options of Django's commands.\n")  # fmt: skip
    for name in sorted(ours):
        parser = load_command_class(ours[name], name).create_parser("manage.py", name)
        text += f"\n## {name}\n\n{_described(parser)}"
    return text + "\n## Programs\n\n" + table(
        ("in a clone", "installed", "does"),
        (
            ("`bin/quickstart`", "`orchestrator-admin quickstart`", "everything, for trying out and development"),
            ("`bin/server`", "`orchestrator-admin server`", "migrates, then serves pages and API"),
            ("`bin/wrapper`", "`orchestrator-admin wrapper`", "scheduler and web in one container"),
            ("`python -m orchestrator_admin.prepare`", "`orchestrator-admin prepare`",
             "migrations, translations, static files"),
            ("`bin/test`", "", "all tests"),
            ("`bin/bench`", "", "measures, and writes [Benchmarks](../benchmarks.md)"),
        ),
    )  # fmt: skip


def _described(parser: ArgumentParser) -> str:
    text = f"{parser.description}\n"
    django_has = {"help", "version", "verbosity", "settings", "pythonpath", "traceback", "no_color", "force_color",
                  "skip_checks"}  # fmt: skip
    rows = []
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            for name, inner in action.choices.items():
                text += f"\n### {parser.prog.split()[-1]} {name}\n\n{_described(inner)}"
        elif action.dest not in django_has and action.help != SUPPRESS:
            name = ", ".join(action.option_strings) or str(action.metavar or action.dest)
            value = f" {action.metavar or action.dest.upper()}" if action.option_strings and action.nargs != 0 else ""
            if action.choices and not action.metavar:
                value = f" {{{','.join(map(str, action.choices))}}}"
            rows.append((code(name + value), (action.help or "").replace("%(default)s", str(action.default))))
    return text + (f"\n{table(('argument', 'meaning'), rows)}" if rows else "")


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


@page("Triggers")
def triggers() -> str:
    from schedules.triggers import calendarinterval, combining, cron, date, interval
    from schedules.triggers.cronfields import NAMES

    own = {
        "interval": (interval, ", ".join(map(code, interval.UNITS)) + ", at least one of them and more than zero"),
        "cron": (cron, "`expression`, or APScheduler's fields: " + ", ".join(map(code, NAMES))),
        "date": (date, "`run_date`"),
        "calendarinterval": (calendarinterval,
                             ", ".join(map(code, (*calendarinterval.UNITS, *calendarinterval.TIMES)))),
        "and, or": (combining, '`triggers`, a list of `{"trigger": …, "trigger_kwargs": {…}}`'),
    }  # fmt: skip
    text = (
        "When a schedule is due, as JSON: `trigger` is the kind, `trigger_kwargs` its arguments. Forms, API and code "
        "take the same. Every kind takes `timezone`, `end_date`, `jitter` (a delay of up to so many seconds, the same "
        "whenever one asks) and `except_dates` (`2026-12-25`, or `12-25` for every year); `start_date` is the "
        "earliest possible due time (of a calendar interval: its first day). The sentences and times below are what "
        "`POST /api/schedules/preview/` answers, for the start of 2026.\n"
    )
    for name, (module, arguments) in own.items():
        documentation = (inspect.getdoc(module) or "").strip()
        text += f"\n## {name}\n\n{documentation}\n\nArguments: {arguments}.\n\n{_previews(name.split(', '))}"
    return text


EXAMPLES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("interval", {"minutes": 15, "start_date": "2026-01-01T00:00:00"}),
    ("interval", {"days": 2, "start_date": "2026-01-01T06:30:00", "timezone": "Europe/Amsterdam"}),
    ("cron", {"expression": "0 1 * * 1-5", "timezone": "Europe/Amsterdam"}),
    ("cron", {"expression": "0 6 L * *"}),
    ("cron", {"expression": "0 6 * * 5#1"}),
    ("cron", {"hour": 1}),
    ("cron", {"day_of_week": "mon-fri", "hour": "8-17", "except_dates": ["01-01", "12-25"]}),
    ("date", {"run_date": "2026-03-01T12:00:00", "timezone": "Europe/Amsterdam"}),
    ("calendarinterval", {"months": 1, "start_date": "2026-01-31", "hour": 3}),
    ("and", {"triggers": [{"trigger": "cron", "trigger_kwargs": {"expression": "0 3 * * *"}},
                          {"trigger": "cron", "trigger_kwargs": {"expression": "* * * * 1"}}]}),
    ("or", {"triggers": [{"trigger": "cron", "trigger_kwargs": {"expression": "0 8 * * 1-5"}},
                         {"trigger": "cron", "trigger_kwargs": {"expression": "0 10 * * 6,7"}}]}),
)  # fmt: skip


def _previews(kinds: list[str]) -> str:
    import json

    from schedules.triggers import parse, preview

    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = []
    for kind, kwargs in EXAMPLES:
        if kind not in kinds:
            continue
        shown = preview(parse(kind, kwargs, now=start), count=2, after=start)
        times = ", ".join(f"{due.at.astimezone(parse(kind, kwargs, now=start).zone):%a %d %b %H:%M}"
                          for due in shown.due_times)  # fmt: skip
        rows.append((code(f"{kind}: {json.dumps(kwargs)}"), shown.description, times))
    return table(("trigger", "in words", "next"), rows)


@page("Statuses and transitions")
def statuses() -> str:
    from schedules.models import Outcome, Reason
    from tasks import statuses as source

    legal = source.LEGAL
    kinds = dict.fromkeys(source.TERMINAL, "ended")
    kinds |= dict.fromkeys(source.FAILURES, "failed; a retry goes on") | dict.fromkeys(source.QUEUED, "queued")
    processes = (
        (code(status.value), status.label, kinds.get(status, ""), ", ".join(code(each.value) for each in legal[status]))
        for status in source.ProcessStatus
    )
    steps = ((code(status.value), status.label) for status in source.StepStatus)
    outcomes = ((code(outcome.value), outcome.label) for outcome in Outcome)
    reasons = ((code(reason.value), reason.label) for reason in Reason if reason.value)
    return (
        "## Of a process\n\n`tasks/transitions/` alone changes a status; a trigger in the database refuses what is "
        f"not in this table (`tasks/statuses.py`).\n\n{table(('status', 'shown as', '', 'may become'), processes)}"
        f"\n## Of a step\n\n{table(('status', 'shown as'), steps)}"
        f"\n## Of an occurrence\n\n{table(('outcome', 'shown as'), outcomes)}\nWhy it is what it is:\n\n"
        f"{table(('reason', 'shown as'), reasons)}"
    )


@page("Operations of the API")
def api() -> str:
    from drf_spectacular.generators import SchemaGenerator

    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    rows: dict[str, list[tuple[str, ...]]] = {}
    for path, operations in sorted(schema["paths"].items()):
        for method, operation in operations.items():
            if method not in {"get", "post", "put", "patch", "delete"}:
                continue
            text = " ".join(operation.get("description", "").split("\n\n")[0].split())
            query = ", ".join(code(each["name"]) for each in operation.get("parameters", []) if each["in"] == "query")
            rows.setdefault(operation["tags"][0], []).append((code(method.upper()), code(path), text, query))
    text = ("What `/api/docs/` shows and tries out; [The HTTP API](../api.md) tells how to use it. Bodies and answers "
            "are described by the schema, `/api/schema/`.\n")  # fmt: skip
    for tag, operations in sorted(rows.items()):
        text += f"\n## {tag}\n\n{table(('', 'address', 'does', 'parameters'), operations)}"
    return text


@page("Metrics")
def metrics() -> str:
    from orchestrator_admin.measurements import QUESTIONS

    rows = (
        (code(each.name), each.help, f"`{each.label}`: {', '.join(each.values)}" if each.label else "")
        for each in QUESTIONS
    )
    return (
        "`/metrics` answers in Prometheus's format. All are gauges, read from the database at the moment of asking, so "
        "every web process tells the same. `orchestrator_database_up` is 0 while the database does not answer; "
        "`orchestrator_metric_errors` counts those left out because their question took longer than a second; "
        f"`orchestrator_web_…` are about the web process that answers.\n\n{table(('metric', 'is', 'label'), rows)}"
    )


@page("Licences")
def licences() -> str:
    from packaging.requirements import Requirement

    def of(name: str) -> tuple[str, str]:
        found = metadata.metadata(name)
        classifiers = [each.split(" :: ")[-1] for each in found.get_all("Classifier", []) if "License ::" in each]
        text = found.get("License-Expression") or ", ".join(classifiers) or (found.get("License") or "").split("\n")[0]
        return str(found["Name"]), text or "see its files"

    def rows(lock: str) -> Iterator[tuple[str, str]]:
        for line in (ROOT / "requirements" / lock).read_text().splitlines():
            if line[:1].isalnum():
                requirement = Requirement(line.split("\\")[0].strip())
                if not requirement.marker or requirement.marker.evaluate():
                    yield of(requirement.name)

    shipped = dict(rows("runtime.txt"))
    others = {name: text for name, text in rows("dev.txt") if name not in shipped}
    head = ("package", "licence")
    return (
        "What is installed beside this product (Apache-2.0), as the packages themselves say.\n\n"
        "## In an installation\n\n"
        f"{table(head, sorted(set(shipped.items()), key=lambda row: row[0].lower()))}\n## For development only\n\n"
        f"{table(head, sorted(set(others.items()), key=lambda row: row[0].lower()))}"
    )


def main() -> None:
    """Write every page, or with --check end with 1 when one is out of date."""
    django.setup()
    check = sys.argv[1:] == ["--check"]
    stale = []
    for name, write in PAGES.items():
        file, text = FOLDER / name, wrapped(write())
        if not file.exists() or file.read_text() != text:
            stale.append(name)
            if not check:
                file.parent.mkdir(exist_ok=True)
                file.write_text(text)
    print(f"{'Out of date' if check else 'Wrote'}: {', '.join(stale) or 'nothing'}")  # noqa: T201
    sys.exit(bool(stale) if check else 0)


if __name__ == "__main__":
    main()
