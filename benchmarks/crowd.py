"""Many workers' connections in one program: each listens, fetches jobs, claims processes and records, as workers do.

python -m benchmarks.crowd DSN COUNT listen|poll: says "ready", works until it reads a line, then prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import django
import psycopg

django.setup()
from benchmarks.raw import FETCH, parameters_of_record  # noqa: E402
from tasks import transitions  # noqa: E402
from tasks.statuses import ProcessStatus, StepStatus  # noqa: E402
from tasks.transitions import Next, Result  # noqa: E402
from tasks.worker import POLLING  # noqa: E402

CHANNELS = ("procrastinate_any_queue_v1",)
HEARTBEAT = """
    INSERT INTO tasks_workerinstance
           (id, hostname, pid, concurrency, busy, queues, version, started_at, heartbeat_at)
    VALUES (%s, 'crowd', 1, 1, 0, '', '', now(), now())
    ON CONFLICT (id) DO UPDATE SET busy = EXCLUDED.busy, heartbeat_at = now()"""
Connection = psycopg.AsyncConnection[tuple[Any, ...]]


class Crowd:
    """What all connections of this program did: milliseconds of each kind of statement, and which processes."""

    def __init__(self, dsn: str, listening: bool) -> None:
        self.dsn, self.listening = dsn, listening
        self.fetched: list[float] = []
        self.claimed: list[float] = []
        self.empty = 0
        self.ids: list[tuple[str, float]] = []
        self.ending = asyncio.Event()

    async def work(self, ready: asyncio.Barrier) -> None:
        """Be one worker with one connection, until the end."""
        async with await psycopg.AsyncConnection.connect(self.dsn, autocommit=True, prepare_threshold=0) as connection:
            cursor = await connection.execute("SELECT worker_id FROM procrastinate_register_worker_v1()")
            row = await cursor.fetchone()
            assert row
            if self.listening:
                for channel in CHANNELS:
                    await connection.execute(f'LISTEN "{channel}"')
            me, beaten = uuid.uuid4(), 0.0
            await ready.wait()
            while not self.ending.is_set():
                if time.monotonic() - beaten > 5:  # as often as workers do
                    beaten = time.monotonic()
                    await connection.execute(HEARTBEAT, [me])
                if not await self._one(connection, row):
                    await self._rest(connection)

    async def _rest(self, connection: Connection) -> None:
        """Wait for a notice, or until it is time to look again."""
        if self.listening:
            async for _ in connection.notifies(timeout=POLLING, stop_after=1):
                pass
        else:
            await asyncio.sleep(POLLING)

    async def _one(self, connection: Connection, me: tuple[Any, ...]) -> bool:
        begun = time.perf_counter()
        job = await (await connection.execute(FETCH, me)).fetchone()
        if job is None or job[0] is None:
            self.empty += 1
            return False
        self.fetched.append((time.perf_counter() - begun) * 1000)
        arguments = next(value for value in job if isinstance(value, dict))
        key, token, now = uuid.UUID(arguments["process_id"]), uuid.uuid4(), datetime.now(UTC)
        begun = time.perf_counter()
        async with connection.transaction():
            claim = {"process_id": key, "token": token, "worker": "crowd", "admitted": False}
            claimed = await (await connection.execute(transitions._CLAIM, claim)).fetchone()
            if claimed is None:
                return True
            state = json.dumps(claimed[4])
            first = [Result(0, "Start", StepStatus.SUCCESS, state, now, now)]
            step = Next("NSO calls")
            await connection.execute(transitions._RECORD, parameters_of_record(key, token, first, step))
        self.claimed.append((time.perf_counter() - begun) * 1000)
        self.ids.append((str(key), time.time()))
        rows = [Result(1, "NSO calls", StepStatus.SUCCESS, state, now, now),
                Result(2, "Done", StepStatus.COMPLETE, state, now, now)]  # fmt: skip
        end = Next("Done", ProcessStatus.COMPLETED, job_id=job[0])
        await connection.execute(transitions._RECORD, parameters_of_record(key, token, rows, end))
        return True


async def main() -> None:
    dsn, count, listening = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "listen"
    crowd, ready = Crowd(dsn, listening), asyncio.Barrier(count + 1)
    workers = [asyncio.create_task(crowd.work(ready)) for _ in range(count)]
    await ready.wait()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    crowd.ending.set()
    await asyncio.gather(*workers)
    print(json.dumps({
        "fetched": crowd.fetched, "claimed": crowd.claimed, "empty": crowd.empty, "ids": crowd.ids,
    }))  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main())
