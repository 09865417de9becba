"""Two hundred clients at once: no error, and every accepted start is there once."""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import Any

import pytest

from tasks.models import Process
from tests.people import Api, somebody

CLIENTS = 200


@pytest.mark.timeout(300)
def test_two_hundred_clients_at_once_lose_nothing(system: Any, long_run: bool, record_property: Any) -> None:
    system.web()
    user = somebody("olga", "operator")
    tokens = [Api(user).text for _ in range(CLIENTS)]
    each = 10 if long_run else 3
    answers: list[tuple[int, str, float]] = []
    together = threading.Barrier(CLIENTS)

    def client(token: str) -> None:
        headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        body = json.dumps({"workflow_name": "succeeding", "user_inputs": []})
        together.wait()
        for _ in range(each):
            began = time.monotonic()
            connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=120)
            try:
                connection.request("POST", "/api/processes/", body, headers)
                answer = connection.getresponse()
                content = json.loads(answer.read())
                answers.append((answer.status, content.get("process_id", ""), time.monotonic() - began))
            except OSError as error:
                answers.append((0, str(error), time.monotonic() - began))
            finally:
                connection.close()

    threads = [threading.Thread(target=client, args=(token,)) for token in tokens]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    times = sorted(seconds for _, _, seconds in answers)
    record_property("p50", times[len(times) // 2])
    record_property("p99", times[int(len(times) * 0.99)])
    record_property("a_second", len(answers) / took)
    print(f"p50 {times[len(times) // 2]:.2f} s, p99 {times[int(len(times) * 0.99)]:.2f} s, {len(answers) / took:.0f}/s")
    assert {status for status, _, _ in answers} == {201}
    ids = {process_id for _, process_id, _ in answers}
    assert len(ids) == CLIENTS * each == Process.objects.count()
    jobs = system.sql("SELECT count(DISTINCT args->>'process_id') FROM procrastinate_jobs")[0][0]
    assert jobs == CLIENTS * each
