"""The statements of a worker sent by plain psycopg, without any of our code around them.

python -m benchmarks.raw DSN THREADS: says "ready", works on what is queued until it reads a line.
"""

from __future__ import annotations

import sys
import threading
import uuid
from datetime import UTC, datetime
from typing import Any

import django
import psycopg
from psycopg.types.string import TextLoader

django.setup()
from tasks.statuses import ProcessStatus, StepStatus  # noqa: E402
from tasks.transitions import Leads, Next, Result, claiming, recording  # noqa: E402

BY_ITSELF = "SET orchestrator.tells = 'by itself'"  # as workers do: see tasks/news.py
TAKE = claiming._TAKE
CLAIM = claiming._CLAIM  # for a process whose job was taken in the very moment in which it was queued
RECORD = recording._RECORD
LEADS = Leads({"bench_noop": (["Start"], "NSO calls")}).as_json


def parameters_of_take(queue_worker: int, token: uuid.UUID) -> dict[str, Any]:
    """Return what the statement takes that takes a job, claims its process and records its first step."""
    return {"queues": None, "queue_worker": queue_worker, "token": token, "worker": "raw", "leads": LEADS}


def parameters_of_claim(process_id: uuid.UUID, token: uuid.UUID) -> dict[str, Any]:
    """Return what the statement takes that claims a process whose job was taken."""
    return {"process_id": process_id, "token": token, "worker": "raw", "admitted": False}


def parameters_of_record(taken: tuple[Any, ...], token: uuid.UUID, *, led: bool = True) -> dict[str, Any]:
    """Return what the statement takes that records the other steps, the first unless `led`, and the end."""
    job_id, process_id, *known = taken
    now, state = datetime.now(UTC), known[4] or "{}"
    rows = [Result(0, "Start", StepStatus.SUCCESS, state, now, now),
            Result(1, "NSO calls", StepStatus.SUCCESS, state, now, now),
            Result(2, "Done", StepStatus.COMPLETE, state, now, now)][led:]  # fmt: skip
    end = Next("Done", ProcessStatus.COMPLETED, job_id=job_id)
    parameters = recording._fence_parameters(process_id, token, end)
    parameters["rows"] = f"[{','.join(map(recording._as_json, rows))}]"
    return parameters


def work(dsn: str, ready: threading.Barrier, ending: threading.Event) -> None:
    with psycopg.connect(dsn, autocommit=True, prepare_threshold=0) as connection:
        connection.adapters.register_loader("jsonb", TextLoader)  # state stays text, as in the product
        connection.execute(BY_ITSELF)
        row = connection.execute("SELECT worker_id FROM procrastinate_register_worker_v1()").fetchone()
        assert row
        ready.wait()
        while not ending.is_set():
            token = uuid.uuid4()
            taken = connection.execute(TAKE, parameters_of_take(row[0], token)).fetchone()
            if taken is None:
                ending.wait(0.002)
                continue
            led = taken[2] is not None
            if not led:
                claimed = connection.execute(CLAIM, parameters_of_claim(taken[1], token)).fetchone()
                assert claimed
                taken = (*taken[:2], *claimed)
            connection.execute(RECORD, parameters_of_record(taken, token, led=led))


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
