"""Rich output for commands, through the stream that the command was given."""

from __future__ import annotations

from typing import IO, cast

from django.core.management.base import OutputWrapper
from rich.console import Console


def console(stream: OutputWrapper) -> Console:
    """Return a console on `stream`; long lines stay whole where nobody sits at a terminal."""
    out = cast("IO[str]", stream._out)
    return Console(file=out, highlight=False, width=None if stream.isatty() else 400)
