"""Gets a web process ready before it takes requests, so that its first pages are as quick as all others."""

from __future__ import annotations

import gc

from django.template import TemplateSyntaxError, engines
from django.urls import get_resolver
from django.utils.translation import gettext

from orchestrator_admin import layout
from tasks.registry import import_errors


def warm_up() -> None:
    """Load all views, templates, words and workflows; a template that is wrong is left to its page to tell.

    What is there by then stays for good. So Python's collector of garbage is told to leave it alone: it would look
    through all of it every few hundred pages, and whoever waits for that page waits a tenth of a second more.
    """
    get_resolver()._populate()
    import_errors()
    gettext("")
    folder = layout.SHIPPED / "templates"
    for file in sorted(folder.rglob("*.html")):
        try:
            engines["django"].get_template(file.relative_to(folder).as_posix())
        except TemplateSyntaxError:
            continue
    gc.collect()
    gc.freeze()
