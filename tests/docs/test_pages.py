"""What holds for every page: links lead somewhere, blocks are executed by a test, settings are all listed."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.urls import resolve

from orchestrator_admin.variables import GROUPS
from schedules.triggers import parse, preview
from tests.docs.pages import DOCS, blocks
from tests.system import ROOT

PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
TOP = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#([^)\s]+))?\)")

# The tests that execute the blocks of each page. For root on a host of its own: test_deploying.py does what they say.
EXECUTED_BY = {
    "authoring.md": "tests/docs/test_authoring.py",
    "tutorial.md": "tests/docs/test_tutorial.py",
    "moving.md": "tests/docs/test_howtos.py",
    "api.md": "tests/docs/test_curl.py",
    "howto/backing-up.md": "tests/docs/test_backing_up.py",
    "howto/callbacks.md": "tests/docs/test_curl.py",
    "howto/forms.md": "tests/docs/test_howtos.py",
    "howto/locks-and-limits.md": "tests/docs/test_howtos.py",
    "howto/time-zones.md": "tests/docs/test_howtos.py",
    "howto/translating.md": "tests/docs/test_howtos.py",
    "deploying.md": "tests/orchestrator_admin/test_deploying.py",
    "benchmarks.md": "benchmarks/__main__.py",
}


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", [*PAGES, *TOP], ids=ids)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    for target, anchor in LINK.findall(text):
        there = (page.parent / target).resolve()
        assert there.exists(), f"{page.name} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", there.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{page.name} links to {target}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_blocks_are_executed(page: Path) -> None:
    name = str(page.relative_to(DOCS))
    found = [block for block in blocks(page) if not block.language.startswith("{")]
    if found:
        assert (ROOT / EXECUTED_BY.get(name, "nowhere")).exists(), f"No test executes the blocks of {name}."


def test_shell_blocks_for_root_can_be_read_by_a_shell_and_name_what_is_there() -> None:
    scripts = [
        re.sub(r"^# ", "", block.text, flags=re.MULTILINE)
        for page in PAGES
        for block in blocks(page)
        if block.language == "console" and block.text.startswith("# ")
    ]
    assert scripts
    for script in scripts:
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
        for path in re.findall(r"(?<![\w/])((?:deploy|bin|requirements)/[\w./@-]+|manage\.py)", script):
            assert (ROOT / path).exists(), path
        for module in re.findall(r"-m (orchestrator_admin\.\w+)", script):
            assert find_spec(module), module


def test_the_proxy_of_the_pages_knows_our_addresses() -> None:
    (block,) = [block for block in blocks(DOCS / "deploying.md") if block.language == "nginx"]
    assert block.text.count("{") == block.text.count("}")
    for location in re.findall(r"location (?:= )?(\S+) ", block.text):
        assert resolve(location)


def test_every_variable_that_the_code_reads_is_listed_and_no_other() -> None:
    listed = {variable.name for group in GROUPS.values() for variable in group}
    read: set[str] = set()
    for package in ("accounts", "orchestrator_admin", "schedules", "tasks"):
        for file in (ROOT / package).rglob("*.py"):
            read |= set(_variables(ast.parse(file.read_text())))
    not_settings = {"DJANGO_SETTINGS_MODULE", "ORCHESTRATOR_ROLE", "PATH"}
    by_uvicorn = {"WEB_CONCURRENCY"}
    assert read - not_settings == listed - by_uvicorn


def _variables(tree: ast.AST) -> list[str]:
    """Return the names of variables that are read: `read(NAME, …)`, `environ.get(NAME)`, `environ[NAME]`."""
    found = []
    for node in ast.walk(tree):
        source, name = None, None
        if isinstance(node, ast.Call) and node.args:
            source, name = ast.unparse(node.func), node.args[0]
        elif isinstance(node, ast.Subscript):
            source, name = ast.unparse(node.value), node.slice
        readers = ("env.read", "_setting", "os.environ.get", "os.environ", "os.environ.pop")
        if source in readers and isinstance(name, ast.Constant):
            found.append(str(name.value))
    return found


def test_the_readme_lists_no_variable_that_is_not_there() -> None:
    listed = {variable.name for group in GROUPS.values() for variable in group}
    table = (ROOT / "README.md").read_text().partition("## Settings")[2].partition("\n## ")[0]
    named = {name for line in table.splitlines() if line.startswith("| `")
             for name in re.findall(r"`([A-Z_]{4,})`", line.split("|")[1])}  # fmt: skip
    assert named
    assert named <= listed


def test_the_table_about_daylight_saving_is_true() -> None:
    rows = re.findall(r"^\| `(\w+): (\{.*?\})` \| (\S+ \S+) \| (.*?) \|$",
                      (DOCS / "explanation" / "daylight-saving.md").read_text(), re.MULTILINE)  # fmt: skip
    assert len(rows) == 5
    for kind, kwargs, start, expected in rows:
        after = datetime.fromisoformat(start).replace(tzinfo=UTC)
        times = expected.split(", ")
        shown = preview(parse(kind, json.loads(kwargs), now=after), count=len(times), after=after)
        assert [f"{due.at:%Y-%m-%d %H:%M}" for due in shown.due_times] == times, kwargs


def test_the_package_names_its_version_once() -> None:
    assert re.search(r'^__version__ = "\d+\.\d+\.\d+"$', (ROOT / "orchestrator_admin/__init__.py").read_text(), re.M)
    assert 'dynamic = ["version"]' in (ROOT / "pyproject.toml").read_text()
