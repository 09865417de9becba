"""Keeps what a step logs, through structlog or logging, as rows of its own, seen while the step runs.

A handler on the root logger collects the lines of the step that the logging thread is in the middle of; the keeper's
thread writes them over its own connection, so that they stay when the step's transaction is undone. Of each attempt at
a step the last 1,000 lines or 256 kB are kept; a notice says how many went.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections import defaultdict, deque
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from orchestrator_admin.redaction import cover
from tasks import sql
from tasks.engine.context import current_step
from tasks.state import storable_text

MOST_LINES: Final = 1_000
MOST_BYTES: Final = 256_000
LONGEST_LINE: Final = 16_000
_NOISE: Final = frozenset({"event", "level", "logger", "timestamp", "process_id", "workflow_name", "step", "role",
                           "exc_info", "stack_info", "_record", "_from_structlog"})  # fmt: skip


_TRIM: Final = """
DELETE FROM tasks_steplog WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER newest AS number, sum(length(message)) OVER newest AS size
          FROM tasks_steplog WHERE process_id = %s AND position = %s AND level <> 'notice'
        WINDOW newest AS (ORDER BY id DESC)
    ) AS l WHERE number > %s OR size > %s
) RETURNING id"""


@dataclass(frozen=True)
class Line:
    """One line of one step."""

    at: datetime
    level: str
    message: str
    item: int | None = None


@dataclass
class _Tape:
    """The lines of one step that wait to be written, and how much was written and dropped so far."""

    waiting: deque[Line] = field(default_factory=deque)
    lines: int = 0
    bytes: int = 0
    dropped: int = 0
    told: int = 0

    def add(self, line: Line) -> None:
        self.waiting.append(line)
        while len(self.waiting) > MOST_LINES:
            self.waiting.popleft()
            self.dropped += 1

    @property
    def full(self) -> bool:
        return self.lines > MOST_LINES or self.bytes > MOST_BYTES


class StepLogHandler(logging.Handler):
    """Collects what steps log. One for the whole operating-system process; `flush_lines` writes what it has."""

    def __init__(self) -> None:
        super().__init__()
        self._tapes: dict[tuple[UUID, int], _Tape] = defaultdict(_Tape)
        self._guard = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        running = current_step()
        if running is None:
            return
        try:
            line = Line(
                datetime.fromtimestamp(record.created, UTC), record.levelname.lower(), _told(record), running.item
            )
        except Exception:
            self.handleError(record)
            return
        with self._guard:
            self._tapes[running.run.process_id, running.position].add(line)

    def flush_lines(self) -> None:
        """Write what was collected since the last time. Lines of a process that is gone are dropped."""
        with self._guard:
            waiting = [(key, tape) for key, tape in self._tapes.items() if tape.waiting]
        for key, tape in waiting:
            with self._guard:
                lines = list(tape.waiting)
                tape.waiting.clear()
            try:
                with transaction.atomic():
                    self._write(*key, tape, lines)
            except sql.CONNECTION_TROUBLE:
                with self._guard:
                    tape.waiting.extendleft(reversed(lines))
                raise

    def forget_all_but(self, running: Collection[UUID]) -> None:
        """Of processes that do not run here any more nothing has to be remembered, once their lines are written."""
        with self._guard:
            for key in [key for key, tape in self._tapes.items() if key[0] not in running and not tape.waiting]:
                del self._tapes[key]

    def _write(self, process_id: UUID, position: int, tape: _Tape, lines: list[Line]) -> None:
        sql.fetch(
            "INSERT INTO tasks_steplog (process_id, position, at, level, message, item) "
            "SELECT %s, %s, l.at, l.level, l.message, l.item "
            "FROM unnest(%s::timestamptz[], %s::text[], %s::text[], %s::int[]) AS l (at, level, message, item) "
            "WHERE EXISTS (SELECT FROM tasks_process WHERE process_id = %s)",
            (
                process_id, position, [line.at for line in lines], [line.level for line in lines],
                [line.message for line in lines], [line.item for line in lines], process_id,
            ),
        )  # fmt: skip
        tape.lines += len(lines)
        tape.bytes += sum(len(line.message) for line in lines)
        if tape.full:
            tape.dropped += len(sql.fetch(_TRIM, (process_id, position, MOST_LINES, MOST_BYTES)))
        if tape.dropped != tape.told:
            self._notice(process_id, position, tape.dropped)
            tape.told = tape.dropped

    def _notice(self, process_id: UUID, position: int, dropped: int) -> None:
        """Say in one line, the oldest, how many others went."""
        message = f"{dropped:,} older lines were dropped: a step keeps {MOST_LINES:,} lines or {MOST_BYTES // 1000} kB."
        changed = sql.fetch(
            "UPDATE tasks_steplog SET message = %s WHERE process_id = %s AND position = %s AND level = 'notice' "
            "RETURNING id",
            (message, process_id, position),
        )
        if not changed:
            sql.fetch(
                "INSERT INTO tasks_steplog (process_id, position, at, level, message) "
                "SELECT %s, %s, now(), 'notice', %s WHERE EXISTS (SELECT FROM tasks_process WHERE process_id = %s)",
                (process_id, position, message, process_id),
            )


def _told(record: logging.LogRecord) -> str:
    """Return a log record as one text: the event and what was bound to it, then the traceback if there is one."""
    if isinstance(record.msg, dict):
        fields: dict[str, Any] = record.msg
        text = str(fields.get("event", ""))
        bound = " ".join(f"{key}={value!r}" for key, value in fields.items() if key not in _NOISE)
        text = f"{text} {bound}".rstrip()
        exc_info = fields.get("exc_info")
    else:
        text, exc_info = record.getMessage(), record.exc_info
    if exc_info is True:
        exc_info = record.exc_info
    if isinstance(exc_info, tuple) and exc_info[1] is not None:
        text += "\n" + "".join(traceback.format_exception(*exc_info))
    elif isinstance(exc_info, BaseException):
        text += "\n" + "".join(traceback.format_exception(exc_info))
    return storable_text(cover(text), LONGEST_LINE)


handler: Final = StepLogHandler()


def install() -> None:
    """Begin to collect what steps log."""
    root = logging.getLogger()
    if handler not in root.handlers:
        root.addHandler(handler)
