"""Where things lie: in a clone beside the packages, in an installed wheel inside this one. Standard library only."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
INSTALLED = (PACKAGE / "templates").is_dir()
"""Whether this runs from a wheel; setup.py puts the folders there."""
SHIPPED = PACKAGE if INSTALLED else PACKAGE.parent
"""The folder that holds templates/, static/ and locale/."""
HOME = Path.cwd() if INSTALLED else PACKAGE.parent
"""The folder for `.data`, unless ORCHESTRATOR_DATA_DIR names another one."""
MANAGE = [sys.executable, *(["-m", "orchestrator_admin"] if INSTALLED else [str(PACKAGE.parent / "manage.py")])]
"""How a process of ours starts a command."""


def command(*words: str) -> str:
    """Return what people type for a command of `manage.py`: in a clone, from its folder."""
    return shlex.join([*(["orchestrator-admin"] if INSTALLED else [".venv/bin/python", "manage.py"]), *words])


def program(name: str) -> str:
    """Return what people type to start one of the programs in `bin/`."""
    return f"orchestrator-admin {name}" if INSTALLED else f"bin/{name}"
