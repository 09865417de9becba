"""What the pages of the reference are made with. Each module beside this one writes some of them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable

PAGES: dict[str, Callable[[], str]] = {}


def page(title: str) -> Callable[[Callable[[], str]], Callable[[], str]]:
    """Make a page of a function that returns what stands under the title."""

    def add(function: Callable[[], str]) -> Callable[[], str]:
        PAGES[f"{function.__name__.replace('_', '-')}.md"] = lambda: f"# {title}\n\n{function().strip()}\n"
        return function

    return add


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *([str(cell).replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def wrapped(text: str) -> str:
    """Break long lines of prose, as hand-written pages have them; tables, headings and lists stay."""
    return "\n".join(
        textwrap.fill(line, 120, break_long_words=False, break_on_hyphens=False) if line[:1] not in "|#`-" else line
        for line in text.split("\n")
    )


def code(value: object) -> str:
    return f"`{value}`"
