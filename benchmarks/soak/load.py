"""The load of the soak: schedules, starts over the API, resumes, retries, aborts, edits and pauses of schedules.

Whatever the product answered with success is written down here, outside its database, and looked for afterwards.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from tests.databases import connect
from tests.system import System

TASKS = ("soak_striding", "soak_writing", "soak_retrying", "soak_failing", "soak_asking", "soak_going_over")


class Unanswered(Exception):
    """Nobody answered, or with an error of theirs: nothing is known of what became of the request."""


class Load(threading.Thread):
    """One client that does something different each time, until `end`."""

    def __init__(self, system: System, token: str, dice: random.Random, schedules: list[str]) -> None:
        super().__init__(name="load", daemon=True)
        self.accepted: set[str] = set()
        self.refused = 0
        self.did: Counter[str] = Counter()
        self.failure: BaseException | None = None
        self._system, self._dice, self._schedules = system, dice, schedules
        self._headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        self._ending = threading.Event()

    def run(self) -> None:
        try:
            while not self._ending.wait(self._dice.uniform(0.02, 0.3)):
                act = self._dice.choices([self._start, self._go_on, self._edit], [6, 3, 1])[0]
                try:
                    act()
                except Unanswered:
                    self.did["unanswered"] += 1
        except BaseException as error:  # reported by the run
            self.failure = error

    def end(self) -> None:
        self._ending.set()
        self.join()

    def _start(self) -> None:
        status, answer = self._send("POST", "/api/processes/", {"workflow_name": self._dice.choice(TASKS)})
        if status == 201:
            self.accepted.add(answer["process_id"])
            self.did["started"] += 1
        else:
            self.refused += 1

    def _go_on(self) -> None:
        """Answer, retry or abort something that has stopped."""
        status, answer = self._send("GET", f"/api/processes/?status={self._dice.choice(['suspended', 'failed'])}")
        if status != 200 or not answer["results"]:
            return
        found = self._dice.choice(answer["results"])
        action = self._dice.choices(["resume" if found["status"] == "suspended" else "retry", "abort"], [4, 1])[0]
        body = {"user_inputs": [{"answer": 7}]} if action == "resume" else {}
        status, _ = self._send("POST", f"/api/processes/{found['process_id']}/{action}/", body)
        self.did[action if status == 200 else f"{action} refused"] += 1

    def _edit(self) -> None:
        key = self._dice.choice(self._schedules)
        if self._dice.random() < 0.5:
            seconds = self._dice.randint(1, 5)
            body: dict[str, Any] = {"trigger": "interval", "trigger_kwargs": {"seconds": seconds}}
            status, _ = self._send("PATCH", f"/api/schedules/{key}/", body)
            what = "edited"
        else:
            what = self._dice.choice(["pause", "resume"])
            status, _ = self._send("POST", f"/api/schedules/{key}/{what}/", {})
        self.did[what if status == 200 else f"{what} refused"] += 1

    def _send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._system.port, timeout=10)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), self._headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered from error
        finally:
            connection.close()
        if answer.status >= 500:
            raise Unanswered
        return answer.status, json.loads(text) if text else None


def make_schedules(steady: int, restless: int) -> tuple[list[uuid.UUID], list[uuid.UUID]]:
    """Make schedules that nobody will edit, due every second to every third, and others that will be edited."""
    from schedules.services import create_schedule

    start = (datetime.now(UTC) + timedelta(seconds=3)).replace(microsecond=0)
    made = []
    for number in range(steady + restless):
        kwargs = {"seconds": 1 + number % 3, "start_date": start.isoformat()}
        made.append(create_schedule(
            name=f"{'steady' if number < steady else 'restless'} {number}", workflow_name=TASKS[number % len(TASKS)],
            trigger="interval", trigger_kwargs=kwargs, user_inputs=[], user=None, overlap=("allow", "skip")[number % 2],
        ).id)  # fmt: skip
    return made[:steady], made[steady:]


@contextmanager
def at_rest(system: System, tend: Callable[[], None], seconds: float) -> Iterator[float]:
    """Wait until nothing is queued or running and no job is left; yield how long that took, at most `seconds`.

    Processes that wait are retried by a sweep whenever their time comes. So the verdict is made, and everything is
    stopped, while this block holds the sweep's own lock; only what nobody looks after can then still be queued.
    """
    from tasks.sweeper import _LOCK

    begun = time.monotonic()
    with connect(system.database) as connection:
        while not _rests(connection, _LOCK) and time.monotonic() - begun < seconds:
            tend()
            time.sleep(0.5)
        yield time.monotonic() - begun


def _rests(connection: psycopg.Connection, lock: int) -> bool:
    """Keep the lock of the sweep where nothing is to be done; give it back where something is."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", [lock]).fetchone()
    if row is None or not row[0]:
        return False
    going = connection.execute(
        "SELECT FROM tasks_process WHERE status IN ('created', 'resumed', 'running') "
        "UNION ALL SELECT FROM procrastinate_jobs LIMIT 1"
    ).fetchone()
    if going is not None:
        connection.execute("SELECT pg_advisory_unlock(%s)", [lock])
    return going is None
