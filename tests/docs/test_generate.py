"""docs/generate.py makes the pages that it is asked for, and says in one sentence why it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.system import ROOT

WITHOUT_FURO = """
from importlib import metadata
found = metadata.metadata
def without(name):
    if name == "furo":
        raise metadata.PackageNotFoundError(name)
    return found(name)
metadata.metadata = without
"""


def generate(page: str, python_path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check", page],
        env={**os.environ, "PYTHONPATH": str(python_path)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_without_the_development_packages_the_other_pages_are_made_and_one_sentence_says_so(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_FURO)
    ran = generate("settings", tmp_path)
    assert ran.stdout in {"Out of date: nothing\n", "Out of date: settings.md\n"}
    assert ran.stderr == ""

    ran = generate("licences", tmp_path)
    assert ran.returncode == 1
    assert ran.stderr.startswith("licences.md needs the development packages, of which furo is missing: run bin/test")
    assert "Traceback" not in ran.stderr


def test_an_unknown_page_names_those_that_there_are(tmp_path: Path) -> None:
    ran = generate("setings", tmp_path)
    assert ran.returncode == 1
    assert ran.stderr.startswith("There is no page setings.md. There are: ")
    assert " settings.md" in ran.stderr
