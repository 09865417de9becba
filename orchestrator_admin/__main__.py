"""The one command line: `manage.py` in a clone, `orchestrator-admin` where the wheel is installed.

Where there is no `bin/`, the programs in it are commands too: quickstart, server, wrapper and prepare.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

# Worker and scheduler keep one connection a thread and prepare their statements; web has a pool (see settings).
ROLES = {"runworker": "worker", "runscheduler": "scheduler"}
PROGRAMS = {"quickstart": "quickstart", "server": "web", "wrapper": "wrapper", "prepare": "prepare"}
MIGRATES_FIRST = {"server", "wrapper"}


def main() -> None:
    """Run the command named on the command line."""
    name = next(iter(sys.argv[1:]), "")
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # applications in this folder are found, and take nobody's place
    if name in PROGRAMS:
        sys.exit(_program(name, sys.argv[2:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator_admin.settings")
    os.environ.setdefault("ORCHESTRATOR_ROLE", ROLES.get(name, "command"))
    from django.core.management import execute_from_command_line

    from orchestrator_admin.embedded.errors import EmbeddedPostgresError

    try:
        execute_from_command_line(sys.argv)
    except EmbeddedPostgresError as error:
        sys.exit(str(error))


def _program(name: str, arguments: list[str]) -> int | None:
    """Run one of the programs, as its file in bin/ does."""
    if name in MIGRATES_FIRST and not {"-h", "--help", "--no-migrate"} & {*arguments}:
        migrated = subprocess.run([sys.executable, "-m", "orchestrator_admin.prepare", "--database-only"])
        if migrated.returncode:
            return migrated.returncode
    sys.argv = [sys.argv[0], *(each for each in arguments if each != "--no-migrate")]
    result: int | None = importlib.import_module(f"orchestrator_admin.{PROGRAMS[name]}").main()
    return result


if __name__ == "__main__":
    main()
