"""What `bin/wrapper` runs: scheduler and web server together, for a single container."""

from __future__ import annotations

import sys

from orchestrator_admin import layout
from orchestrator_admin.supervisor import Child, StopRequested, Supervisor


def main() -> int:
    """Run until a signal (0) or the end of one of the two (1)."""
    supervisor = Supervisor(lambda text: print(text, file=sys.stderr, flush=True))
    try:
        supervisor.start(Child("scheduler", [*layout.MANAGE, "runscheduler"]))
        supervisor.start(Child("web", [sys.executable, "-m", "orchestrator_admin.web", *sys.argv[1:]]))
        supervisor.watch()
        return 1
    except StopRequested:
        return 0
    finally:
        supervisor.stop()


if __name__ == "__main__":
    sys.exit(main())
