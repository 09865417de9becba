"""What steps leave behind and wait for outside the database."""

from __future__ import annotations

import os
import time
from pathlib import Path


def trace(word: str) -> None:
    """Leave a trace that no rollback undoes."""
    if path := os.environ.get("TRACE"):
        with Path(path).open("a") as file:
            file.write(word + "\n")


def wait_for(path: str | None) -> None:
    """Return once the file exists; at once where none is named."""
    while path and not Path(path).exists():
        time.sleep(0.01)
