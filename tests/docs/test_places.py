"""What a newcomer is told to look at is there."""

from __future__ import annotations

import re

import pytest

from tests.system import ROOT

PLACE = re.compile(r"`((?:[\w.]+/)+(?:\w+\.\w+)?)`")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_every_file_and_folder_that_a_page_names_is_there(page: str) -> None:
    named = set(PLACE.findall((ROOT / page).read_text()))
    made_elsewhere = {name for name in named if name.startswith((".venv/", "netops/"))}
    assert {name for name in named - made_elsewhere if not (ROOT / name).exists()} == set()


def test_the_newcomers_table_names_many_places() -> None:
    assert len(PLACE.findall((ROOT / "CONTRIBUTING.md").read_text())) > 20
