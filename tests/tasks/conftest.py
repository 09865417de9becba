"""What tests of tasks share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.translation import trans_real

from tests.outside import OutsideApp
from tests.pages import browser, operator, staff  # noqa: F401  fixtures


@pytest.fixture
def outside_app(tmp_path: Path) -> Iterator[OutsideApp]:
    """An application outside the repository; see `OutsideApp.install`."""
    app = OutsideApp(tmp_path / "outside")
    yield app
    app.forget()


@pytest.fixture
def fresh_translations() -> Iterator[None]:
    """Let Django read its catalogues again, before and after."""
    _forget_translations()
    yield
    _forget_translations()


def _forget_translations() -> None:
    trans_real.deactivate()
    trans_real._translations.clear()
    trans_real._default = None
