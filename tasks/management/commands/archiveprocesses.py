"""`manage.py archiveprocesses FOLDER`: old processes go from the database into compressed files."""

from __future__ import annotations

import argparse
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from tasks.archiving import archive


class Command(BaseCommand):
    help = (
        "Moves finished tasks with their steps, inputs and logs out of the database, into files that programs like "
        "zcat and jq read: one JSON object a line, compressed, 10,000 processes a file. Keep TASK_LOG_RETENTION_DAYS "
        "above --days, or the nightly cleaning removes them before. What runs, waits or failed stays."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="where the files go; it is made when it is missing")
        parser.add_argument("--days", type=_days, default=30, help="archive what ended so many days ago (30)")
        parser.add_argument(
            "--products", action="store_true", help="also workflows of products, which are kept for ever otherwise"
        )

    def handle(self, *args: Any, folder: Path, days: int, products: bool, **options: Any) -> None:
        total = 0
        try:
            for path, count in archive(folder, timezone.now() - timedelta(days=days), products=products):
                total += count
                self.stdout.write(f"{path}: {count:,}")
        except OSError as error:
            raise CommandError(f"{total:,} processes are archived; then it failed: {error}") from error
        self.stdout.write(self.style.SUCCESS(f"{total:,} processes are archived."))


def _days(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("a whole number of days is needed, such as 30")
    return int(text)
