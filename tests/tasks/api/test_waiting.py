"""`GET /api/processes/<id>/?wait=…`."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection

from tests.people import Api, somebody
from tests.tasks.api.processes import run, start

pytestmark = pytest.mark.django_db
runs = pytest.mark.django_db(transaction=True)


@runs
def test_a_client_waits_until_the_process_rests() -> None:
    api = Api(somebody("olga", "operator"))
    process_id = start(api, "succeeding")

    def later() -> None:
        try:
            time.sleep(0.5)
            run(process_id)
        finally:
            connection.close()

    thread = threading.Thread(target=later)
    thread.start()
    began = time.monotonic()
    shown = api.get(f"/api/processes/{process_id}/?wait=30").json()
    assert shown["status"] == "completed"
    assert 0.3 < time.monotonic() - began < 15
    thread.join()


@runs
def test_waiting_ends_after_the_time_asked_for() -> None:
    api = Api(somebody("olga", "operator"))
    process_id = start(api, "succeeding")
    began = time.monotonic()
    assert api.get(f"/api/processes/{process_id}/?wait=1").json()["status"] == "created"
    assert 0.9 < time.monotonic() - began < 10


@pytest.mark.parametrize("seconds", ["61", "-1", "x", "1.5", "", "99999999999999999999"])
def test_nobody_waits_for_ever(api: Api, seconds: str) -> None:
    process_id = start(api, "succeeding")
    answer = api.get(f"/api/processes/{process_id}/?wait={seconds}")
    assert answer.status_code == 400
    assert "wait" in answer.json()["errors"]
