"""How late things happen: bursts, fire lag, Run now, edits. Every moment is that of a commit, heard over LISTEN."""

from __future__ import annotations

import http.client
import json
import random
import time
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from benchmarks.figures import OURS, Figure, Notebook, percentile
from benchmarks.stand import Ears, make_token, stand, start_scheduler, start_web, start_workers
from schedules.services import create_schedule
from tests.system import System

LAST_QUEUED = "1,000 due in the same second: last one queued after"
ALL_COMPLETED = "1,000 due in the same second: all completed after"


class Client:
    """The API over one kept connection."""

    def __init__(self, system: System, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=60)
        self._headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}

    def send(self, method: str, path: str, body: Any) -> Any:
        """Send JSON and return the JSON that is answered."""
        self._connection.request(method, path, json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status < 300, (answer.status, text)
        return json.loads(text)


def measure_bursts(notebook: Notebook, *, count: int, rounds: int) -> None:
    """Let `count` schedules fall due in the same second, `rounds` times."""
    every = 25
    with stand() as system:
        start_web(system)
        start_workers(system)
        start_scheduler(system)
        begun = time.monotonic()
        for number in range(20):
            _every(86400, _soon(3600), f"later {number}")
        first = _soon((time.monotonic() - begun) / 20 * count * 2 + 5)
        for number in range(count):
            _every(every, first, f"burst {number}")
        ears = Ears(system)
        queued, completed = [], []
        for number in range(rounds):
            due = first.timestamp() + number * every
            _wait_for_completed(system, count * (number + 1))
            heard = [times[0] for times in ears.heard.values() if due <= times[0] < due + every]
            queued.append(max(heard) - due)
            completed.append(_last_completed(system) - due)
        ears.end()
    note = f"{count} schedules" if count != 1000 else ""
    notebook.add(Figure(LAST_QUEUED, OURS, "s", queued, at_most=1, note=note))
    notebook.add(Figure(ALL_COMPLETED, OURS, "s", completed, at_most=5, note=note or "1 worker"))


def measure_lags(notebook: Notebook, *, seconds: int, samples: int, rounds: int) -> None:
    """Measure fire lag of 200 schedules a minute, then Run now and edits beside them; `samples` of them a round."""
    with stand() as system:
        start_web(system)
        start_workers(system)
        start_scheduler(system)
        client = Client(system, make_token())
        first = _soon(5)
        for number in range(200):
            _every(60, first + timedelta(seconds=0.3 * number), f"lag {number}")
        ears = Ears(system)
        ends = [first.timestamp() + seconds * (number + 1) for number in range(rounds)]
        time.sleep(max(0.0, ends[-1] - time.time()))
        lags = _lags(system, ears)
        parts = [[lag for due, lag in lags if end - seconds <= due < end] for end in ends]
        name, note = "fire lag, 200 schedules a minute", f"{sum(map(len, parts))} firings"
        worst = f"worst {max(max(part) for part in parts):.0f} ms"
        notebook.add(_percentile(f"{name}: p50", parts, 50, at_most=20, note=note))
        notebook.add(_percentile(f"{name}: p99", parts, 99, at_most=100, note=worst))
        runs = [_runs_now(system, client, samples) for _ in range(rounds)]
        note = f"{samples} times over the API; p50 {percentile(list(chain(*runs)), 50):.0f} ms"
        notebook.add(_percentile("Run now to first step running: p95", runs, 95, at_most=100, note=note))
        edits = [_edits(system, client, ears, samples) for _ in range(rounds)]
        note = (
            f"{samples} times over the API, each to be due {AHEAD * 1000:.0f} ms after it was sent; "
            f"p50 {percentile(list(chain(*edits)), 50):.0f} ms"
        )
        notebook.add(_percentile("edit to effect: p99", edits, 99, at_most=250, note=note))
        ears.end()


def _percentile(name: str, parts: list[list[float]], percent: int, *, at_most: float, note: str) -> Figure:
    """The figure of each round is the percentile of that round's samples."""
    values = [percentile(part, percent) for part in parts]
    return Figure(name, OURS, "ms", values, at_most=at_most, note=note)


def _soon(seconds: float) -> datetime:
    return (datetime.now(UTC) + timedelta(seconds=seconds + 1)).replace(microsecond=0)


def _every(seconds: int, first: datetime, name: str) -> None:
    kwargs = {"seconds": seconds, "start_date": first.isoformat()}
    create_schedule(name=name, workflow_name="bench_noop", trigger="interval", trigger_kwargs=kwargs, user_inputs=[],
                    user=None)  # fmt: skip


def _wait_for_completed(system: System, count: int) -> None:
    done = "SELECT 1 FROM tasks_process WHERE status = 'completed' OFFSET %s LIMIT 1"
    system.wait_for(lambda: system.sql(done, count - 1), 300, every=0.25)
    time.sleep(0.5)  # what was heard last


def _last_completed(system: System) -> float:
    [(last,)] = system.sql("SELECT extract(epoch FROM max(completed_at))::float FROM tasks_process")
    return float(last)


def _lags(system: System, ears: Ears) -> list[tuple[float, float]]:
    """Due time, and milliseconds from it to the commit, of each process that a schedule started."""
    due = system.sql(
        "SELECT p.process_id::text, extract(epoch FROM o.scheduled_at)::float FROM tasks_process p "
        "JOIN schedules_occurrence o ON o.id = p.occurrence_id JOIN schedules_schedule s ON s.id = o.schedule_id "
        "WHERE s.name LIKE 'lag %%' AND %s", True,
    )  # fmt: skip
    return [(at, (ears.heard[key][0] - at) * 1000) for key, at in due if key in ears.heard]


def _runs_now(system: System, client: Client, samples: int) -> list[float]:
    """Milliseconds from sending the request until the function of the first step is called, by the worker's clock."""
    sent: dict[str, float] = {}
    for _ in range(samples):
        time.sleep(random.uniform(0.02, 0.2))
        begun = time.time()
        answer = client.send("POST", "/api/processes/", {"workflow_name": "bench_noop", "user_inputs": []})
        sent[answer["process_id"]] = begun
    statement = (
        "SELECT process_id::text, extract(epoch FROM started_at)::float FROM tasks_processstep "
        "WHERE position = 1 AND process_id = ANY(%s)"
    )
    system.wait_for(lambda: len(system.sql(statement, list(sent))) == samples)
    return [(at - sent[key]) * 1000 for key, at in system.sql(statement, list(sent))]


AHEAD = 0.12


def _edits(system: System, client: Client, ears: Ears, samples: int) -> list[float]:
    """Milliseconds from sending an edit, which makes a schedule due in a moment, until what it starts is committed."""
    far = {"hours": 5, "start_date": "2100-01-01T00:00:00+00:00"}
    body = {"name": "edited", "workflow_name": "bench_noop", "trigger": "interval", "trigger_kwargs": far}
    key = client.send("POST", "/api/schedules/", {**body, "user_inputs": []})["id"]
    times: list[float] = []
    while len(times) < samples:
        time.sleep(random.uniform(0.1, 1.2))
        before, begun = set(ears.heard), time.time()
        start = datetime.fromtimestamp(begun + AHEAD, UTC)
        kwargs = {"hours": 5, "start_date": start.isoformat()}
        client.send("PATCH", f"/api/schedules/{key}/", {"trigger": "interval", "trigger_kwargs": kwargs})
        found = None
        while found is None and time.time() < begun + 3:
            time.sleep(0.005)
            found = _started_by(system, key, begun, ears, before)
        times.append(found if found is not None else 3000.0)
    return times


def _started_by(system: System, schedule: str, begun: float, ears: Ears, before: set[str]) -> float | None:
    new = [each for each in list(ears.heard) if each not in before]
    if not new:
        return None
    rows = system.sql("SELECT process_id::text FROM tasks_process WHERE schedule_id = %s AND process_id = ANY(%s)",
                      schedule, new)  # fmt: skip
    return (ears.heard[rows[0][0]][0] - begun) * 1000 if rows else None
