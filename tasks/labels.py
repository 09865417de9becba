"""The names of workflows for people: gettext entries with the context "workflow".

A label counts when a catalogue of the active language really holds it, be it equal to the name. Django's compiled
catalogues are asked, but also the `.po` files themselves: a catalogue that was not compiled, or that changed since it
was compiled or since this process started, hides no task.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.utils.translation import get_language, pgettext, to_locale, trans_real

from tasks.applications import orchestrator_apps

CONTEXT = "workflow"


def label(name: str) -> str:
    """Return the name of workflow `name` for people, or `name` itself where no catalogue holds one."""
    return Labels().label(name)


def labels(names: Iterable[str]) -> dict[str, str]:
    """Return what `label` does for many names, and look at the files once."""
    found = Labels()
    return {name: found.label(name) for name in names}


def has_label(name: str) -> bool:
    """Tell whether a catalogue of the active language, or of the project's own, names workflow `name`."""
    return Labels().has(name)


class Labels:
    """The labels that hold now, in the active language: for whoever asks for many at once."""

    def __init__(self) -> None:
        self._catalogue: Any = trans_real.catalog()
        folders = tuple(_folders())
        files = (
            pair for locale in _locales(get_language(), settings.LANGUAGE_CODE) for pair in _files(folders, locale)
        )
        states = [(file, compiled, _changed_at(file)) for file, compiled in files]
        self._written = [(file, compiled, at) for file, compiled, at in states if at is not None]
        self._stale = [
            (file, compiled, at) for file, compiled, at in self._written if (_changed_at(compiled) or -1) < at
        ]

    def label(self, name: str) -> str:
        """Return the name of workflow `name` for people, or `name` itself where no catalogue holds one."""
        written = _name_in(self._stale, name)
        if written:
            return written
        if self._compiled(name):
            return pgettext(CONTEXT, name)
        return _name_in(self._written, name) or name

    def has(self, name: str) -> bool:
        """Tell whether a catalogue names workflow `name`."""
        return self._compiled(name) or bool(_name_in(self._written, name))

    def _compiled(self, name: str) -> bool:
        """Tell whether Django's catalogue of the active language, or one that it falls back to, holds the label."""
        catalogue = self._catalogue
        while catalogue is not None:
            if getattr(catalogue, "_catalog", {}).get(f"{CONTEXT}\x04{name}"):
                return True
            catalogue = getattr(catalogue, "_fallback", None)
        return False


def catalogue_files(locale: str) -> Iterator[Path]:
    """Yield the `.po` files of `locale` that may name workflows, the strongest first: project, then applications."""
    for file, _compiled_form in _files(tuple(_folders()), locale):
        if _changed_at(file) is not None:
            yield file


def is_stale(file: Path) -> bool:
    """Tell whether the compiled form of `file` is missing or older than it."""
    compiled = file.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime_ns < file.stat().st_mtime_ns


def _name_in(files: list[tuple[Path, Path, int]], name: str) -> str:
    """Return the name that the first of the `.po` files with one gives, "" where none does."""
    return next((found for file, _compiled, at in files if (found := _names(file, at).get(name))), "")


def _folders() -> Iterator[str]:
    """Yield where catalogues stand, the strongest first: project, then applications."""
    yield from map(str, settings.LOCALE_PATHS)
    for app in orchestrator_apps():
        yield f"{app.path}/locale"


@functools.lru_cache(maxsize=64)
def _locales(*languages: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(to_locale(language) for language in languages if language))


@functools.lru_cache(maxsize=256)
def _files(folders: tuple[str, ...], locale: str) -> list[tuple[Path, Path]]:
    """Return each catalogue of `locale` with its compiled form, whether or not they exist."""
    files = [Path(folder) / locale / "LC_MESSAGES" / "django.po" for folder in folders]
    return [(file, file.with_suffix(".mo")) for file in files]


def _changed_at(file: Path) -> int | None:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None


@functools.lru_cache(maxsize=256)
def _names(file: Path, _changed_at: int) -> dict[str, str]:
    """Return the names that `file` gives, by workflow; none where it cannot be read as a catalogue."""
    try:
        entries = polib.pofile(str(file), encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError):
        return {}
    return {entry.msgid: entry.msgstr for entry in entries if entry.msgctxt == CONTEXT and entry.translated()}
