"""The statements of a worker sent by plain psycopg, without any of our code around them.

python -m benchmarks.raw DSN THREADS: says "ready", works on what is queued until it reads a line.
"""

from __future__ import annotations

import json
import sys
import threading
import uuid
from datetime import UTC, datetime
from typing import Any

import django
import psycopg

django.setup()
from tasks import transitions  # noqa: E402
from tasks.statuses import ProcessStatus, StepStatus  # noqa: E402
from tasks.transitions import Next, Result  # noqa: E402

FETCH = "SELECT * FROM procrastinate_fetch_job_v2(NULL, %s)"


def parameters_of_record(key: uuid.UUID, token: uuid.UUID, rows: list[Result], then: Next) -> dict[str, Any]:
    """Return what the statement takes that records the results of steps."""
    parameters = transitions._fence_parameters(key, token, then)
    parameters["rows"] = f"[{','.join(map(transitions._as_json, rows))}]"
    return parameters


def record(connection: psycopg.Connection, key: uuid.UUID, token: uuid.UUID, rows: list[Result], then: Next) -> None:
    connection.execute(transitions._RECORD, parameters_of_record(key, token, rows, then))


def work(dsn: str, ready: threading.Barrier, ending: threading.Event) -> None:
    with psycopg.connect(dsn, autocommit=True, prepare_threshold=0) as connection:
        row = connection.execute("SELECT worker_id FROM procrastinate_register_worker_v1()").fetchone()
        assert row
        ready.wait()
        while not ending.is_set():
            job = connection.execute(FETCH, row).fetchone()
            if job is None or job[0] is None:
                ending.wait(0.002)
                continue
            arguments = next(value for value in job if isinstance(value, dict))
            key, token, now = uuid.UUID(arguments["process_id"]), uuid.uuid4(), datetime.now(UTC)
            with connection.transaction():
                claim = {"process_id": key, "token": token, "worker": "raw", "admitted": False}
                claimed = connection.execute(transitions._CLAIM, claim).fetchone()
                assert claimed
                state = json.dumps(claimed[4])
                first = Result(0, "Start", StepStatus.SUCCESS, state, now, now)
                record(connection, key, token, [first], Next("NSO calls"))
            rows = [Result(1, "NSO calls", StepStatus.SUCCESS, state, now, now),
                    Result(2, "Done", StepStatus.COMPLETE, state, now, now)]  # fmt: skip
            record(connection, key, token, rows, Next("Done", ProcessStatus.COMPLETED, job_id=job[0]))


def main() -> None:
    dsn, count = sys.argv[1], int(sys.argv[2])
    ready, ending = threading.Barrier(count + 1), threading.Event()
    threads = [threading.Thread(target=work, args=(dsn, ready, ending)) for _ in range(count)]
    for thread in threads:
        thread.start()
    ready.wait()
    print("ready", flush=True)
    sys.stdin.readline()
    ending.set()


if __name__ == "__main__":
    main()
