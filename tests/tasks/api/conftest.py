"""Who asks."""

from __future__ import annotations

import pytest

from tests.people import Api, somebody


@pytest.fixture
def api() -> Api:
    """An operator's token."""
    return Api(somebody("olga", "operator"))
