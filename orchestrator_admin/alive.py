"""Health check of a container: `python -m orchestrator_admin.alive web|worker|scheduler` exits 0 when it is well.

Web: `/health/` answers. Worker and scheduler: their last heartbeat from this host is recent. Small and without Django,
since it is started again every few seconds.
"""

from __future__ import annotations

import os
import socket
import sys
import urllib.error
import urllib.request

FRESH_SECONDS = 30
TABLES = {"worker": "tasks_workerinstance", "scheduler": "schedules_schedulerinstance"}


def main(arguments: list[str]) -> int:
    """Return 0 when the role named is well on this host, 1 when it is not; say why."""
    match arguments:
        case ["web"]:
            complaint = _web()
        case [("worker" | "scheduler") as role]:
            complaint = _heartbeat(TABLES[role])
        case _:
            complaint = "usage: python -m orchestrator_admin.alive web|worker|scheduler"
    if complaint:
        print(complaint, file=sys.stderr)
    return 1 if complaint else 0


def _web() -> str:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{os.environ.get('PORT', '8000')}/health/", timeout=4).close()
    except urllib.error.HTTPError as error:
        with error:
            return f"/health/ answers {error.code}: {error.read(1000).decode(errors='replace')}"
    except OSError as error:
        return f"/health/ does not answer: {error}"
    return ""


def _heartbeat(table: str) -> str:
    import psycopg

    address = os.environ.get("DATABASE_URL")
    if not address:
        return "DATABASE_URL is not set"
    query = f"SELECT extract(epoch FROM now() - max(heartbeat_at))::int FROM {table} WHERE hostname = %s"  # noqa: S608
    try:
        with psycopg.connect(address, connect_timeout=4, application_name="orchestrator-alive") as connection:
            row = connection.execute(query, [socket.gethostname()]).fetchone()
    except psycopg.Error as error:
        return f"The database does not answer: {error}"
    age = row[0] if row else None
    if age is None:
        return f"No heartbeat from {socket.gethostname()}"
    return f"The last heartbeat is {age} s old" if age > FRESH_SECONDS else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
