"""What tests of the ground share."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages import browser, operator, staff  # noqa: F401  fixtures


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can pass through: pytest's own are closed."""
    yield from _open_folder()


@pytest.fixture(scope="module")
def shared_open_folder() -> Iterator[Path]:
    """Such a folder for all tests of a module."""
    yield from _open_folder()


def _open_folder() -> Iterator[Path]:
    path = Path("/tmp") / f"orchestrator test {secrets.token_hex(4)}"
    path.mkdir(mode=0o755)
    yield path
    shutil.rmtree(path)
