"""Writes processes that ended long ago to compressed files, one JSON object a line, and then removes them.

A batch is one file and one transaction: the file is complete and on the disk before its processes are gone. A crash in
between leaves them in both places, and the next run writes the same file again. Secret values stay encrypted, and
tokens stay behind.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from tasks import retention, sql

logger = structlog.get_logger(__name__)

SIZE: Final = 10_000
"""Processes in one file."""

_LINES: Final = """
SELECT (to_jsonb(p) - '{lease_token,lease_expires_at,callback_token}'::text[] || jsonb_build_object(
         'workflow_name', w.name,
         'steps', (SELECT jsonb_agg(to_jsonb(s) - 'process_id' ORDER BY s.id) FROM tasks_processstep s
                    WHERE s.process_id = p.process_id),
         'inputs', (SELECT jsonb_agg(to_jsonb(i) - 'process_id' ORDER BY i.id) FROM tasks_inputstate i
                     WHERE i.process_id = p.process_id),
         'logs', (SELECT jsonb_agg(to_jsonb(l) - 'process_id' ORDER BY l.id) FROM tasks_steplog l
                   WHERE l.process_id = p.process_id),
         'history', (SELECT jsonb_agg(to_jsonb(a) - 'process_id' ORDER BY a.id) FROM tasks_processaction a
                      WHERE a.process_id = p.process_id)))::text
  FROM tasks_process p JOIN tasks_workflow w USING (workflow_id)
 WHERE p.process_id = ANY(%s) ORDER BY p.process_id"""


def archive(folder: Path, before: datetime, *, products: bool = False) -> Iterator[tuple[Path, int]]:
    """Archive what ended `before` then, and yield each file with the number of its processes.

    With `products` also workflows of products, which nothing else removes. Raises OSError when `folder` cannot be
    written; what was archived until then is gone from the database, the rest is untouched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    while bounds := retention.batches(before, size=SIZE, products=products):
        archived = 0
        for batch in bounds:
            with transaction.atomic():
                ids = retention.lock(batch, before, products=products)
                if not ids:
                    continue
                path = _write(folder, ids)
                retention.remove(ids)
            archived += len(ids)
            logger.info("processes_archived", count=len(ids), file=str(path))
            yield path, len(ids)
        if not archived:
            return  # what is left is held by others


def _write(folder: Path, ids: Sequence[UUID]) -> Path:
    """Write the processes to a file of their own, in full or not at all, and return it."""
    path = folder / f"processes-{min(ids)}.jsonl.gz"
    partial = path.with_suffix(".partial")
    with partial.open("wb") as raw:
        os.fchmod(raw.fileno(), 0o600)
        with gzip.GzipFile(fileobj=raw, mode="wb", filename="", compresslevel=6) as file:
            for start in range(0, len(ids), 500):
                for (line,) in sql.fetch(_LINES, (list(ids[start : start + 500]),)):
                    file.write(line.encode() + b"\n")
        raw.flush()
        os.fsync(raw.fileno())
    partial.rename(path)
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return path
