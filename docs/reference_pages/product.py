"""Settings, statuses, operations of the API and metrics."""

from __future__ import annotations

from reference_pages import code, page, table


@page("Settings")
def settings() -> str:
    from orchestrator_admin.variables import GROUPS

    text = ("All settings come from environment variables. One that is set to nothing counts as unset; a wrong value "
            "stops the program with one sentence.\n")  # fmt: skip
    for name, variables in GROUPS.items():
        rows = ((code(each.name), each.default, each.meaning) for each in variables)
        text += f"\n## {name}\n\n{table(('variable', 'unset', 'meaning'), rows)}"
    return text


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
