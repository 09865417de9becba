"""Who asks, and a schedule of theirs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.people import Api, somebody
from tests.schedules.api.bodies import BODY


@pytest.fixture
def api() -> Api:
    return Api(somebody("sven", "scheduler"))


@pytest.fixture
def schedule(api: Api) -> Any:
    return api.post("/api/schedules/", BODY).json()
