"""Rich output for commands, through the stream that the command was given."""

from __future__ import annotations

from typing import cast

from django.core.management.base import OutputWrapper
from rich.console import Console


def console(stream: OutputWrapper) -> Console:
    """Return a console on `stream`; long lines stay whole where nobody sits at a terminal."""
    out = stream._out  # type: ignore[attr-defined]
    terminal = bool(getattr(out, "isatty", bool)())
    return Console(file=cast("OutputWrapper", out), highlight=False, width=None if terminal else 160)
