"""What a step did to the state, line by line, and a traceback with the frames that are not the author's folded."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

SHOWN_VALUE = 4_000
OURS = tuple(str(Path(settings.BASE_DIR) / name) + "/" for name in ("tasks", "orchestrator", "schedules"))
SHIPPED = str(Path(settings.BASE_DIR) / "tasks" / "workflows") + "/"


@dataclass(frozen=True)
class Line:
    """One key of the state. `sign` carries the meaning where colour is gone."""

    kind: str
    sign: str
    key: str
    value: str
    before: str = ""


def difference(before: dict[str, Any], after: dict[str, Any]) -> list[Line]:
    """Return added, removed and changed keys first, then those that stayed the same."""
    lines = []
    for key in [*after, *(key for key in before if key not in after)]:
        if key not in before:
            lines.append(Line("added", "+", key, as_text(after[key])))
        elif key not in after:
            lines.append(Line("removed", "-", key, as_text(before[key])))
        elif before[key] != after[key]:
            lines.append(Line("changed", "~", key, as_text(after[key]), as_text(before[key])))
        else:
            lines.append(Line("same", " ", key, as_text(after[key])))
    return sorted(lines, key=lambda line: line.kind == "same")


def as_text(value: Any) -> str:
    """Return a value as JSON, cut where nobody would read on."""
    text = json.dumps(value, ensure_ascii=False, indent=None if _short(value) else 2, default=str)
    return text if len(text) <= SHOWN_VALUE else f"{text[:SHOWN_VALUE]}…"


def _short(value: Any) -> bool:
    return not isinstance(value, dict | list) or len(json.dumps(value, default=str)) < 72


@dataclass
class Frames:
    """Neighbouring frames of a traceback that belong together; `folded` when they are not the author's."""

    folded: bool
    count: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


FRAME = re.compile(r'^\s+File "(?P<file>[^"]+)", line \d+')


def frames(traceback: str) -> list[Frames]:
    """Return a traceback in groups: what the author wrote open, the engine's and the libraries' frames folded."""
    groups: list[Frames] = []
    for line in traceback.rstrip().splitlines():
        found = FRAME.match(line)
        if found:
            folded = _foreign(found["file"])
        elif line.startswith((" ", "\t")) and groups:
            folded = groups[-1].folded
        else:
            folded = False
        if not groups or groups[-1].folded != folded:
            groups.append(Frames(folded))
        groups[-1].count += 1 if found else 0
        groups[-1].lines.append(line)
    return groups


def _foreign(file: str) -> bool:
    if file.startswith(SHIPPED):
        return False
    return file.startswith(OURS) or "site-packages" in file or "/lib/python" in file
