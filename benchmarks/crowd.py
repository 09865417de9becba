"""Many workers' connections in one program: each listens, fetches jobs, claims processes and records, as workers do.

python -m benchmarks.crowd DSN COUNT listen|poll: says "ready", works until it reads a line, then prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from typing import Any

import django
import psycopg
from psycopg.types.string import TextLoader

django.setup()
from benchmarks.raw import (  # noqa: E402
    BY_ITSELF,
    CLAIM,
    RECORD,
    TAKE,
    parameters_of_claim,
    parameters_of_record,
    parameters_of_take,
)  # fmt: skip

POLLING = 5.0  # seconds between the looks of a worker that nobody calls
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
        self.taken: list[float] = []
        self.empty = 0
        self.ids: list[tuple[str, float]] = []
        self.ending = asyncio.Event()

    async def work(self, ready: asyncio.Barrier) -> None:
        """Be one worker with one connection, until the end."""
        async with await psycopg.AsyncConnection.connect(self.dsn, autocommit=True, prepare_threshold=0) as connection:
            connection.adapters.register_loader("jsonb", TextLoader)
            await connection.execute(BY_ITSELF)
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
        token, begun = uuid.uuid4(), time.perf_counter()
        taken = await (await connection.execute(TAKE, parameters_of_take(me[0], token))).fetchone()
        if taken is None:
            self.empty += 1
            return False
        self.taken.append((time.perf_counter() - begun) * 1000)
        led = taken[2] is not None
        if not led:
            claimed = await (await connection.execute(CLAIM, parameters_of_claim(taken[1], token))).fetchone()
            assert claimed
            taken = (*taken[:2], *claimed)
        self.ids.append((str(taken[1]), time.time()))
        await connection.execute(RECORD, parameters_of_record(taken, token, led=led))
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
    print(json.dumps({"taken": crowd.taken, "empty": crowd.empty, "ids": crowd.ids}))


if __name__ == "__main__":
    asyncio.run(main())
