"""The names of workflows for people: gettext entries with the context "workflow".

A label counts when a catalogue of the active language really holds it, be it equal to the name. Django's compiled
catalogues come first. What they lack is read from the `.po` files themselves, so that a catalogue which was not
compiled, or which changed since this process started, hides no task.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import polib
from django.apps import apps
from django.conf import settings
from django.utils.translation import get_language, pgettext, to_locale, trans_real

CONTEXT = "workflow"


def label(name: str) -> str:
    """Return the name of workflow `name` for people, or `name` itself where no catalogue holds one."""
    if _compiled(name):
        return pgettext(CONTEXT, name)
    return _uncompiled(name) or name


def has_label(name: str) -> bool:
    """Tell whether a catalogue of the active language, or of the project's own, names workflow `name`."""
    return _compiled(name) or bool(_uncompiled(name))


def catalogue_files(locale: str) -> Iterator[Path]:
    """Yield the `.po` files of `locale` that may name workflows, the strongest first: project, then applications."""
    folders = [Path(folder) for folder in settings.LOCALE_PATHS]
    folders += [Path(config.path) / "locale" for config in apps.get_app_configs()]
    for folder in folders:
        file = folder / locale / "LC_MESSAGES" / "django.po"
        if file.exists():
            yield file


def _compiled(name: str) -> bool:
    """Tell whether Django's catalogue of the active language, or one that it falls back to, holds the label."""
    catalogue = trans_real.catalog()
    while catalogue is not None:
        if getattr(catalogue, "_catalog", {}).get(f"{CONTEXT}\x04{name}"):
            return True
        catalogue = getattr(catalogue, "_fallback", None)
    return False


def _uncompiled(name: str) -> str:
    locales = {to_locale(language): None for language in (get_language(), settings.LANGUAGE_CODE) if language}
    for locale in locales:
        for file in catalogue_files(locale):
            found = _names(file, file.stat().st_mtime_ns).get(name)
            if found:
                return found
    return ""


@functools.lru_cache(maxsize=256)
def _names(file: Path, _changed_at: int) -> dict[str, str]:
    """Return the names that `file` gives, by workflow; none where it cannot be read as a catalogue."""
    try:
        entries = polib.pofile(str(file), encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError):
        return {}
    return {entry.msgid: entry.msgstr for entry in entries if entry.msgctxt == CONTEXT and entry.translated()}
