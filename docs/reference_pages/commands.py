"""Commands of manage.py with their arguments, and the programs."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, _SubParsersAction

from reference_pages import code, page, table


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
