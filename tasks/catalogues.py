"""Translation catalogues without the system's gettext: extraction from source, merging, compiling.

Python files are read by Babel; templates go through Django's own `templatize` first, so every translation tag counts.
`.po` files are read and written by polib, which keeps translators' entries, comments and order as they are.
"""

from __future__ import annotations

import functools
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polib
from babel.messages.catalog import PYTHON_FORMAT, Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from django.apps import AppConfig, apps
from django.conf import settings
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

from orchestrator_admin import layout
from tasks.applications import orchestrator_apps
from tasks.labels import CONTEXT, is_stale

KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
HEADER = {
    "Project-Id-Version": "orchestrator-admin",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
}
PROJECT = ("orchestrator_admin", "accounts", "tasks", "schedules")
SKIPPED = {"migrations", "tests", "node_modules", "staticfiles", "build", "dist"}


__all__ = ["CatalogueError", "Home", "Text", "compile_file", "extracted", "has_entry", "homes", "is_stale", "merge"]


class CatalogueError(Exception):
    """A catalogue or a source file cannot be used; the message names the file and says what is wrong."""


@dataclass(frozen=True)
class Home:
    """Where translations live (`folder`), the `sources` that they are for, and the applications among those."""

    folder: Path
    sources: tuple[Path, ...]
    apps: tuple[AppConfig, ...]

    def file(self, locale: str) -> Path:
        return self.folder / locale / "LC_MESSAGES" / "django.po"

    def locales(self) -> list[str]:
        """Return the locales that have a catalogue here."""
        return sorted(file.parent.parent.name for file in self.folder.glob("*/LC_MESSAGES/django.po"))


@dataclass(order=True)
class Text:
    """Something to translate, and the files that it occurs in."""

    context: str
    singular: str
    plural: str = ""
    places: set[str] = field(default_factory=set, compare=False)
    comments: list[str] = field(default_factory=list, compare=False)


def homes() -> list[Home]:
    """Return the project's home of translations, then one for each of ORCHESTRATOR_APPS."""
    project = tuple(apps.get_app_config(label) for label in PROJECT)
    sources = (layout.SHIPPED / "templates", *(Path(config.path) for config in project))
    outside = (Home(Path(config.path) / "locale", (Path(config.path),), (config,)) for config in orchestrator_apps())
    return [Home(Path(settings.LOCALE_PATHS[0]), sources, project), *outside]


def extracted(home: Home) -> list[Text]:
    """Return every text to translate in the sources of `home`, ordered. Raises CatalogueError for broken sources."""
    found: dict[tuple[str, str], Text] = {}
    for source in home.sources:
        for file in _source_files(source):
            place = file.relative_to(source.parent).as_posix()
            for text in _texts(file):
                kept = found.setdefault((text.context, text.singular), text)
                kept.plural = kept.plural or text.plural
                kept.places.add(place)
                kept.comments += [comment for comment in text.comments if comment not in kept.comments]
    return sorted(found.values())


def merge(file: Path, locale: str, texts: Iterable[Text], names: Mapping[str, str], *, write: bool = True) -> bool:
    """Bring `file` up to date with `texts` and the workflow `names`; tell whether anything changed, or would.

    What translators wrote stays, be it a translation or a comment. A translated text that is gone is kept as obsolete;
    the name of a workflow never is, since another application may still have it. The values of `names` are their
    names for people, "" where there is none yet; they fill in what is empty.
    """
    catalogue = _catalogue(file, locale)
    before = str(catalogue)
    current = {(entry.msgctxt or "", entry.msgid): entry for entry in catalogue}
    wanted = [Text(CONTEXT, name) for name in names] + list(texts)
    for text in wanted:
        entry = current.get((text.context, text.singular))
        if entry is None:
            entry = polib.POEntry(msgctxt=text.context or None, msgid=text.singular)
            catalogue.append(entry)
        _update(entry, text, plurals=_plural_forms(catalogue))
        if text.context == CONTEXT and text.singular in names:
            entry.msgstr = entry.msgstr or names[text.singular]
    known = {(text.context, text.singular) for text in wanted}
    for key, entry in current.items():
        gone = key not in known and key[0] != CONTEXT
        if gone and not _has_translation(entry):
            catalogue.remove(entry)
        entry.obsolete = gone
    if str(catalogue) == before and file.exists():
        return False
    if write:
        file.parent.mkdir(parents=True, exist_ok=True)
        content = str(catalogue) if catalogue.header else str(catalogue).removeprefix("#\n")  # polib's, for no header
        _write(file, f"{content}\n".encode())
    return True


def has_entry(file: Path, name: str) -> bool:
    """Tell whether `file` has an entry for workflow `name`, be it empty."""
    try:
        return name in _workflows_in(file, file.stat().st_mtime_ns)
    except (CatalogueError, OSError):
        return False


@functools.lru_cache(maxsize=64)
def _workflows_in(file: Path, _changed_at: int) -> frozenset[str]:
    """Return the workflows that have an entry in `file`. Pages ask for each that lacks its translation."""
    return frozenset(entry.msgid for entry in _catalogue(file, "") if entry.msgctxt == CONTEXT)


def compile_file(file: Path) -> None:
    """Write the compiled form of `file`, at once or not at all. Raises CatalogueError, with file and line."""
    _catalogue(file, "")  # polib is the stricter reader of the two
    try:
        with file.open("rb") as source:
            catalogue: Catalog = read_po(source, abort_invalid=True)
    except (PoFileError, UnicodeDecodeError, ValueError) as error:
        raise CatalogueError(f"{file}: {error}") from error
    for message, errors in catalogue.check():
        if not message.fuzzy and any(message.string if isinstance(message.string, tuple) else [message.string]):
            raise CatalogueError(f"{file}, line {message.lineno}: {message.id!r}: {errors[0]}")
    if file.parent.parent.name == to_locale(settings.LANGUAGE_CODE):
        _speak_for_itself(catalogue)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    _write(file.with_suffix(".mo"), compiled.getvalue())


def _speak_for_itself(catalogue: Catalog) -> None:
    """Let a text of the source language that needs no other words be its own translation.

    What gettext does not find in the first catalogue it looks for in five more, a thousand times a page: half of the
    time that pages took. The name of a workflow has to be given by somebody, so it stays empty.
    """
    for message in catalogue:
        # Babel does so for plurals by itself.
        if message.id and isinstance(message.id, str) and message.context != CONTEXT and not message.fuzzy:
            message.string = message.string or message.id


def _source_files(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.startswith((".", "_")))
        for name in sorted(files):
            if name.endswith((".py", ".html", ".txt")):
                yield Path(root) / name


def _texts(file: Path) -> Iterator[Text]:
    try:
        content = file.read_text(encoding="utf-8")
        if file.suffix != ".py":
            # What templatize returns is a list of calls, not a program: its indentation means nothing.
            content = "\n".join(line.lstrip() for line in templatize(content, origin=str(file)).split("\n"))
        messages = list(extract("python", io.BytesIO(content.encode()), KEYWORDS, ["Translators"]))
    except (SyntaxError, UnicodeDecodeError, ValueError) as error:
        raise CatalogueError(f"{file}: {error}") from error
    for _line, message, comments, context in messages:
        singular, plural = message[-2:] if isinstance(message, tuple) else (message, "")
        if singular:
            yield Text(context or "", singular, plural, comments=list(comments))


def _catalogue(file: Path, locale: str) -> polib.POFile:
    if not file.exists():
        catalogue = polib.POFile(wrapwidth=110)
        forms = Catalog(locale=locale or None).plural_forms
        catalogue.metadata = {**HEADER, "Language": locale, "Plural-Forms": forms}
        return catalogue
    try:
        return polib.pofile(str(file), encoding="utf-8", wrapwidth=110)
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(str(error)) from error


def _plural_forms(catalogue: polib.POFile) -> int:
    match = re.search(r"nplurals\s*=\s*(\d+)", catalogue.metadata.get("Plural-Forms", ""))
    return int(match[1]) if match else 2


def _has_translation(entry: polib.POEntry) -> bool:
    return bool(entry.msgstr or any(entry.msgstr_plural.values()) or entry.tcomment)


def _update(entry: polib.POEntry, text: Text, *, plurals: int) -> None:
    """Give `entry` the places, comments and plural of `text`, leaving its translation alone."""
    entry.obsolete = False
    entry.occurrences = [(place, "") for place in sorted(text.places)]
    entry.comment = "\n".join(text.comments)
    if text.plural and not entry.msgid_plural:
        entry.msgstr_plural = {0: entry.msgstr, **dict.fromkeys(range(1, plurals), "")}
        entry.msgstr = ""
    entry.msgid_plural = text.plural
    takes_values = bool(PYTHON_FORMAT.search(text.singular) or PYTHON_FORMAT.search(text.plural))
    if takes_values and "python-format" not in entry.flags:
        entry.flags.append("python-format")


def _write(file: Path, content: bytes) -> None:
    """Replace `file` in one move, so that a reader sees the old or the new content and nothing between."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(file)
