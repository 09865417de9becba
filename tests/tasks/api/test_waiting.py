"""`GET /api/processes/<id>/?wait=…`: what is asked for. How it waits is tests/orchestrator_admin/test_crowds.py."""

from __future__ import annotations

import pytest

from tests.people import Api
from tests.tasks.api.processes import start

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("seconds", ["61", "-1", "x", "1.5", "", "99999999999999999999"])
def test_nobody_waits_for_ever(api: Api, seconds: str) -> None:
    process_id = start(api, "succeeding")
    answer = api.get(f"/api/processes/{process_id}/?wait={seconds}")
    assert answer.status_code == 400
    assert "wait" in answer.json()["errors"]


def test_only_a_process_that_moves_is_waited_for(api: Api) -> None:
    process_id = start(api, "succeeding")
    assert hasattr(api.get(f"/api/processes/{process_id}/?wait=30"), "rest")
    assert not hasattr(api.get(f"/api/processes/{process_id}/"), "rest")
    assert not hasattr(api.get(f"/api/processes/{process_id}/?wait=0"), "rest")
