#!/usr/bin/env python
"""The one command line of Orchestrator Admin: `manage.py help` lists what it can do."""

import os
import sys

# Worker and scheduler keep one connection a thread and prepare their statements; web has a pool (see settings).
ROLES = {"runworker": "worker", "runscheduler": "scheduler"}


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator_admin.settings")
    os.environ.setdefault("ORCHESTRATOR_ROLE", ROLES.get(next(iter(sys.argv[1:]), ""), "command"))
    from django.core.management import execute_from_command_line

    from orchestrator_admin.embedded.errors import EmbeddedPostgresError

    try:
        execute_from_command_line(sys.argv)
    except EmbeddedPostgresError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
