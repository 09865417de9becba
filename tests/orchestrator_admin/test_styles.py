"""The style sheets: nothing in them that no page uses, nothing on the pages that is styled elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHEETS = sorted((ROOT / "static" / "css").glob("*.css"))
COMPOSED = ("s-", "bar-", "swatch-")  # with a tone, an outcome, a token
PAGES = "\n".join(
    path.read_text()
    for folder in ("templates", "static/js", "orchestrator_admin", "accounts", "tasks", "schedules")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".html", ".js", ".py"}
)


def test_every_class_and_id_that_is_styled_is_used() -> None:
    for sheet in SHEETS:
        rules = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
        names = set(re.findall(r"[.#]([a-zA-Z][\w-]+)", re.sub(r"\{[^{}]*\}", "{}", rules)))
        unused = {name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", PAGES)}
        assert {name for name in unused if not name.startswith(COMPOSED)} == set(), sheet.name


def test_every_token_is_used_and_every_variable_is_a_token() -> None:
    rules = "\n".join(sheet.read_text() for sheet in SHEETS)
    defined, used = set(re.findall(r"(--[\w-]+):", rules)), set(re.findall(r"var\((--[\w-]+)\)", rules))
    assert defined - used == set()
    assert set(re.findall(r"var\((--[\w-]+)\)", PAGES)) | used <= defined


def test_no_template_styles_or_scripts_inline() -> None:
    for template in (ROOT / "templates").rglob("*.html"):
        text = template.read_text()
        assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)", text), template.name
