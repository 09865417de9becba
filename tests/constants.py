"""Other lengths of time in the real processes that a test starts, so that nobody waits for what is not the subject.

`system.env |= constants({"tasks.sweeper.EVERY": 1})`: seconds, for a number or a timedelta that a module reads when it
needs it. The tests' own application sets them when it is loaded, before a worker or scheduler begins to work.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import timedelta
from importlib import import_module

VARIABLE = "CONSTANTS_OF_TESTS"


def constants(seconds: Mapping[str, float]) -> dict[str, str]:
    """Return the environment that sets them."""
    return {VARIABLE: json.dumps(seconds)}


def set_constants() -> None:
    """Set what the environment asks for."""
    for path, seconds in json.loads(os.environ.get(VARIABLE, "{}")).items():
        place, _, name = path.rpartition(".")
        module = import_module(place)
        kind = type(getattr(module, name))
        setattr(module, name, timedelta(seconds=seconds) if kind is timedelta else kind(seconds))
