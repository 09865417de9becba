"""A pseudo-language, and what a page says in it: a word that is still English was never given to gettext.

Made in the process that tests: no catalogue has to be compiled, and texts of Django and django-allauth take part.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Any

from django.utils.translation import trans_real

PLAIN = "abcdefghijklmnopqrstuvwxyz"
ODD = "àƀćđéƒĝĥíĵķĺɱñöþɋŕšţúṽŵẋýž"
LETTERS = str.maketrans(PLAIN + PLAIN.upper(), ODD + ODD.upper())
KEPT = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}|<[^>]+>|&\w+;|\\.")
IDS = r"[0-9a-f]{8}(?:-?[0-9a-f]{4,12})*|[\w./-]*/[\w./-]+"  # and paths of files
WORD = re.compile(r"[A-Za-z]{2,}")
# What a machine reads, or what is quoted as a machine reads it.
CODE = {"script", "style", "code", "kbd", "pre"}
ATTRIBUTES = {"title", "aria-label", "placeholder", "alt", "label", "data-announce", "data-live-text",
              "data-reconnecting-text", "data-polling-text"}  # fmt: skip
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


def odd(text: str) -> str:
    """Return a message as the pseudo-language says it: other letters, the same placeholders and tags."""
    message = text.rpartition(trans_real.CONTEXT_SEPARATOR)[2]
    parts, end = [], 0
    for kept in KEPT.finditer(message):
        parts += [message[end : kept.start()].translate(LETTERS), kept[0]]
        end = kept.end()
    return "".join([*parts, message[end:].translate(LETTERS)])


class PseudoTranslation:
    """Stands in for Django's translation into English; what it does not translate, it asks that one for."""

    def __init__(self, real: Any) -> None:
        self._real = copy.copy(real)

    def gettext(self, message: str) -> str:
        return odd(message)

    def ngettext(self, one: str, many: str, number: int) -> str:
        return odd(one if number == 1 else many)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class Visible(HTMLParser):
    """Collects what people see of a page, or hear: texts, and the attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        hidden = self._hidden or tag in CODE or "mono" in given.get("class", "").split()
        if not hidden:
            self.texts += [value for name, value in given.items() if name in ATTRIBUTES]
        if given.get("name") == "words":
            self.texts += json.loads(given["content"]).values()
        if tag == "input" and given.get("type") in {"submit", "button"}:
            self.texts.append(given.get("value", ""))
        if tag not in VOID:
            self._open.append((tag, hidden))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.texts.append(" ".join(data.split()))

    @property
    def _hidden(self) -> bool:
        return bool(self._open) and self._open[-1][1]


class Data:
    """What people and programs wrote, and what is the same in every language: a page shows it as it is."""

    def __init__(self, texts: Iterable[str]) -> None:
        known = sorted({" ".join(text.split()) for text in texts if WORD.search(text)}, key=len, reverse=True)
        written = "|".join([IDS, *map(re.escape, known)])
        self._pattern = re.compile(rf"(?<![A-Za-z])(?:{written})(?![A-Za-z])")

    def without(self, text: str) -> str:
        return self._pattern.sub("", text) if WORD.search(text) else text


def untranslated(html: str, data: Data) -> Iterator[str]:
    """Yield the texts of a page in which English words are left when the data is taken out."""
    page = Visible()
    page.feed(html)
    yield from (text for text in page.texts if WORD.search(data.without(text)))
